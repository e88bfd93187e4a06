"""Salesforce: Lead exports by API name, by the labels that reports show, or as fivetran stages them.

The columns are mapped by alias; on-screen labels are kept under their API names, so that a report and an API export
give the same attributes. As outcomes, `IsConverted` says won and `ConvertedDate` when.
"""

from core.signals.adapters.adapter import Adapter, Seen

LABELS = {
    "Lead ID": "Id", "Master Record ID": "MasterRecordId", "First Name": "FirstName", "Last Name": "LastName",
    "Title": "Title", "Company / Account": "Company", "Company": "Company", "Street": "Street", "City": "City",
    "State/Province": "State", "Zip/Postal Code": "PostalCode", "Country": "Country", "Phone": "Phone",
    "Mobile": "MobilePhone", "Mobile Phone": "MobilePhone", "Email": "Email", "Website": "Website",
    "Description": "Description", "Lead Source": "LeadSource", "Lead Status": "Status", "Industry": "Industry",
    "Rating": "Rating", "Annual Revenue": "AnnualRevenue", "No. of Employees": "NumberOfEmployees",
    "Employees": "NumberOfEmployees", "Number of Employees": "NumberOfEmployees", "Lead Owner": "OwnerId",
    "Email Opt Out": "HasOptedOutOfEmail", "Converted": "IsConverted", "Converted Date": "ConvertedDate",
    "Converted Account ID": "ConvertedAccountId", "Converted Contact ID": "ConvertedContactId",
    "Converted Opportunity ID": "ConvertedOpportunityId", "Unread By Owner": "IsUnreadByOwner",
    "Create Date": "CreatedDate", "Created Date": "CreatedDate", "Last Modified": "LastModifiedDate",
    "Last Modified Date": "LastModifiedDate", "Last Activity": "LastActivityDate",
    "Email Bounced Reason": "EmailBouncedReason", "Email Bounced Date": "EmailBouncedDate",
}  # fmt: skip
API = {"IsConverted", "LeadSource", "LastModifiedDate", "SystemModstamp"}
TELLING = {"Lead Owner", "Lead ID", "Company / Account", "Converted Date", "Unread By Owner"}
STAGED = {"is_converted", "converted_opportunity_id", "lead_source", "system_modstamp"}


def detect(seen: Seen) -> bool:
    """Whether API names, report labels or staged names of a Lead are there."""
    by_label = "Lead Status" in seen.columns and bool(TELLING & seen.columns)
    return bool(API & seen.columns) or by_label or is_staged(seen)


def is_staged(seen: Seen) -> bool:
    """Whether the columns are those of a Lead as fivetran stages it."""
    return len(STAGED & seen.columns) >= 2


ADAPTER = Adapter(
    "salesforce",
    detect,
    source="crm",
    labels=LABELS,
    fields={
        "leads": {"lead_id": ("Id", "Lead ID"), "merged_into": ("MasterRecordId", "Master Record ID")},
        "outcomes": {
            "lead_id": ("Id", "Lead ID", "lead_id", "id"),
            "outcome": ("IsConverted", "Converted", "is_converted"),
            "at": ("ConvertedDate", "Converted Date", "converted_date"),
        },
    },
)
