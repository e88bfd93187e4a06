"""HubSpot: contacts by on-screen label or internal name, and the tables that fivetran syncs.

The columns are mapped by alias; labels are kept under their internal names, so that both exports give the same
attributes. As outcomes, a lifecycle stage of opportunity or later says won, from when the first of them was reached.
"""

from core.signals.adapters.adapter import Adapter, Seen
from core.signals.adapters.salesforce import is_staged

LABELS = {
    "Record ID": "hs_object_id", "First Name": "firstname", "Last Name": "lastname", "Email": "email",
    "Phone Number": "phone", "Contact owner": "hubspot_owner_id", "Lead Status": "hs_lead_status",
    "Lifecycle Stage": "lifecyclestage", "Job Title": "jobtitle", "Company Name": "company",
    "Create Date": "createdate",
    "Last Modified Date": "lastmodifieddate", "Last Activity Date": "notes_last_updated",
    "Original Source": "hs_analytics_source", "Original Traffic Source": "hs_analytics_source",
    "Number of Form Submissions": "num_conversion_events", "Number of Employees": "numemployees",
    "Industry": "industry", "Annual Revenue": "annualrevenue", "City": "city", "State/Region": "state",
    "Country/Region": "country", "Website URL": "website", "HubSpot Score": "hubspotscore",
    "Became an Opportunity Date": "hs_lifecyclestage_opportunity_date",
    "Became a Customer Date": "hs_lifecyclestage_customer_date",
}  # fmt: skip
TELLING = {"Lifecycle Stage", "Contact owner", "Original Source", "Original Traffic Source", "Lead Status"}
INTERNAL = {"lifecyclestage", "hubspot_owner_id", "hs_object_id", "num_conversion_events"}
SYNCED = {"portal_id", "email_campaign_id", "engagement_id", "deal_pipeline_id", "conversion_id", "contact_id"}


def detect(seen: Seen) -> bool:
    """Whether internal names, labels or synced names of HubSpot are there."""
    named = any(name.startswith(("property_", "hs_")) for name in seen.columns) or bool(INTERNAL & seen.columns)
    by_label = "Record ID" in seen.columns and bool(TELLING & seen.columns)
    synced = any(name.startswith("_fivetran") for name in seen.columns) and bool(SYNCED & seen.columns)
    return (named or by_label or synced) and not is_staged(seen)


def _reached(stage: str, label: str) -> tuple[str, ...]:
    name = f"hs_lifecyclestage_{stage}_date"
    return (name, label, f"property_{name}")


IDS = ("hs_object_id", "Record ID", "property_hs_object_id")
ADAPTER = Adapter(
    "hubspot",
    detect,
    source="crm",
    labels=LABELS,
    fields={
        "leads": {"lead_id": IDS},
        "outcomes": {
            "lead_id": IDS,
            "outcome": ("lifecyclestage", "Lifecycle Stage", "property_lifecyclestage"),
            "at": (
                *_reached("opportunity", "Became an Opportunity Date"),
                *_reached("customer", "Became a Customer Date"),
            ),
        },
    },
    won=("opportunity", "customer", "evangelist"),
)
