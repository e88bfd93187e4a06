"""The invented market: who there is, what they do, and how much each deed says about buying."""

from dataclasses import dataclass
from datetime import UTC, datetime

ENDS_AT = datetime(2026, 9, 28, tzinfo=UTC)
"""The stream's last moment; with DAYS it fixes every time, so no clock is read."""
DAYS = 182
DRIFT_DAY = 91
"""From this day on the market differs: a content campaign, automatic e-mail opens, other regions."""

REGIONS = ("NA", "UKI", "DACH", "ROEU", "APAC", "LATAM", "OTHER")
REGION_SHARES = (0.36, 0.14, 0.13, 0.14, 0.11, 0.07, 0.05)
REGION_SHARES_LATER = (0.29, 0.11, 0.20, 0.12, 0.18, 0.06, 0.04)
REGION_UTC_OFFSET = (-6, 0, 1, 2, 8, -4, 3)
SEGMENTS = ("SMB", "MM", "ENT")
INDUSTRIES = (
    "Software", "Manufacturing", "Financial services", "Healthcare", "Logistics",
    "Retail", "Education", "Energy", "Media", "Public sector",
)  # fmt: skip
INDUSTRY_FIT = (0.7, 0.35, 0.6, 0.1, 0.2, -0.1, -0.7, 0.0, -0.2, -0.6)
SENIORITIES = ("C-level", "VP", "Director", "Manager", "Individual", "Student")
SENIORITY_SHARES = (0.06, 0.12, 0.19, 0.28, 0.27, 0.08)
SENIORITY_FIT = (0.45, 0.8, 0.5, 0.1, -0.35, -1.7)
CHANNELS = ("Organic search", "Paid search", "Webinar", "Referral", "Outbound", "Event", "Content download")
CHANNEL_SHARES = (0.27, 0.2, 0.13, 0.08, 0.14, 0.07, 0.11)
CHANNEL_SHARES_LATER = (0.2, 0.15, 0.11, 0.07, 0.11, 0.06, 0.3)
CHANNEL_FIT = (0.1, -0.1, 0.15, 0.7, -0.25, 0.2, -0.6)
PRODUCT_LINES = ("platform", "analytics", "security", "other")
CONSENTS = ("granted", "legitimate_interest", "unknown", "objected", "withdrawn")
CONSENT_SHARES = (0.56, 0.3, 0.1, 0.025, 0.015)

PERSONAS = ("buyer", "champion", "researcher", "bargain hunter", "job seeker", "passer-by")
PERSONA_SHARES = (0.17, 0.16, 0.24, 0.16, 0.08, 0.19)
PERSONA_SHARES_LATER = (0.15, 0.14, 0.31, 0.14, 0.09, 0.17)
PERSONA_INTENT = (1.0, 0.8, -0.35, -0.3, -1.8, -0.9)
PERSONA_PACE = (1.15, 1.45, 1.05, 0.9, 0.55, 0.45)


@dataclass(frozen=True)
class Deed:
    """A type of event: its source, how often each persona does it, and its part in a win.

    `rates` are relative, in the order of PERSONAS; `pull` is the part of log(1 + count) in the log-odds of a win;
    `intent` is how strongly a lead's hidden intent raises the rate; `spread` is how early (< 1) or late (> 1)
    it comes in a lead's life; `later` multiplies the rate from DRIFT_DAY on.
    """

    source: str
    type: str
    name: str
    rates: tuple[float, float, float, float, float, float]
    pull: float = 0.0
    intent: float = 0.0
    spread: float = 1.0
    later: float = 1.0


DEEDS = (
    Deed("web", "form_submitted", "Form submitted", (0.25, 0.2, 0.2, 0.2, 0.1, 0.08), 0.1, 0.1),
    Deed("web", "pricing_viewed", "Pricing page visit", (1.5, 0.9, 0.25, 1.5, 0.03, 0.15), 0.75, 0.45),
    Deed("web", "docs_viewed", "Documentation read", (0.7, 1.6, 1.0, 0.4, 0.2, 0.2), 0.2, 0.2),
    Deed("web", "security_viewed", "Security page visit", (0.6, 0.35, 0.1, 0.04, 0.02, 0.03), 0.7, 0.4),
    Deed("web", "case_study_viewed", "Case study read", (0.7, 0.5, 0.7, 0.3, 0.2, 0.2), 0.2, 0.2),
    Deed("web", "compare_viewed", "Comparison page visit", (0.5, 0.3, 0.35, 0.9, 0.02, 0.1), -0.1, 0.1),
    Deed("web", "blog_viewed", "Blog read", (0.7, 0.7, 3.2, 0.8, 1.2, 1.3), -0.1, 0.0, 1.1, 2.1),
    Deed("web", "careers_viewed", "Careers page visit", (0.03, 0.03, 0.1, 0.03, 3.0, 0.15), -0.6, 0.0, 1.0, 1.2),
    Deed("web", "webinar_attended", "Webinar attended", (0.35, 0.35, 0.5, 0.1, 0.05, 0.1), 0.3, 0.2),
    Deed("web", "chat_started", "Chat started", (0.35, 0.2, 0.1, 0.45, 0.08, 0.06), 0.15, 0.2),
    Deed("mobile", "app_opened", "Mobile app opened", (0.6, 1.6, 0.5, 0.6, 0.1, 0.2), 0.1, 0.2, 1.2, 1.3),
    Deed("mobile", "push_opened", "Push message opened", (0.2, 0.5, 0.3, 0.3, 0.05, 0.2), 0.0, 0.0, 1.2),
    Deed("crm", "email_opened", "E-mail opened", (1.1, 1.0, 1.5, 1.2, 0.6, 1.2), 0.05, 0.1, 1.3, 2.2),
    Deed("crm", "email_replied", "E-mail answered", (0.45, 0.25, 0.06, 0.2, 0.05, 0.03), 0.6, 0.5, 1.2),
    Deed("crm", "call_connected", "Call connected", (0.4, 0.25, 0.08, 0.25, 0.02, 0.05), 0.35, 0.4, 1.1),
    Deed("crm", "meeting_held", "Meeting held", (0.4, 0.25, 0.03, 0.1, 0.0, 0.01), 0.9, 0.6, 1.3),
    Deed("crm", "demo_requested", "Demo requested", (0.3, 0.2, 0.03, 0.15, 0.0, 0.01), 0.9, 0.6),
    Deed("crm", "unsubscribed", "Unsubscribed", (0.02, 0.02, 0.06, 0.08, 0.06, 0.12), -1.2, -0.3, 1.6),
    Deed("product", "trial_started", "Trial started", (0.35, 0.6, 0.12, 0.4, 0.02, 0.06), 0.5, 0.3),
    Deed("product", "session_started", "Product session", (1.1, 3.6, 0.5, 1.3, 0.05, 0.2), 0.15, 0.35, 1.2),
    Deed("product", "feature_used", "Key feature used", (0.8, 3.2, 0.25, 0.9, 0.02, 0.08), 0.3, 0.4, 1.2),
    Deed("product", "teammate_invited", "Teammate invited", (0.4, 0.9, 0.04, 0.08, 0.0, 0.01), 1.0, 0.5, 1.2),
    Deed("product", "integration_connected", "Integration made", (0.25, 0.55, 0.04, 0.05, 0.0, 0.01), 0.8, 0.5, 1.3),
    Deed("product", "limit_reached", "Plan limit reached", (0.12, 0.4, 0.02, 0.5, 0.0, 0.01), 0.1, 0.2, 1.4),
    Deed("third_party", "review_site_visited", "Review site visit", (0.4, 0.25, 0.3, 0.6, 0.02, 0.06), 0.3, 0.3),
    Deed("third_party", "intent_surge", "Topic research surge", (0.3, 0.2, 0.15, 0.1, 0.02, 0.05), 0.5, 0.4),
)  # fmt: skip
ONBOARDING = ("product", "onboarding_started", "Onboarding started")
"""Happens to won leads only, after the win: the leak check has to name it."""
SOURCES = ("web", "mobile", "crm", "product", "third_party")
ATTRIBUTE_NAMES = {
    "company": "Company",
    "industry": "Industry",
    "employees": "Employees",
    "region": "Region",
    "segment": "Segment",
    "product_line": "Product line",
    "named_account": "Named account",
    "seniority": "Seniority",
    "lead_source": "Lead source",
    "consent": "Consent",
    "free_mail": "Free e-mail address",
    "onboarding_manager": "Onboarding manager",
}
