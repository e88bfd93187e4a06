"""Alias tables: the names that well-known sources give to our fields, most telling first.

Names are compared without case, spaces, punctuation and the warehouse prefix `property_`. Sources: Segment's common
fields, HubSpot's contact, deal and e-mail event exports (labels and internal names), Salesforce Lead (labels and API
names), XES (IEEE 1849) and public e-commerce logs.
"""

import re
from collections.abc import Collection, Sequence

EVENTS: dict[str, tuple[str, ...]] = {
    "event_id": ("eventid", "messageid", "insertid", "eventuuid", "uuid", "activityid", "engagementid", "id"),
    "lead_id": (
        "leadid", "userid", "contactid", "contactvid", "caseid", "caseconceptname", "mqlid", "prospectid", "personid",
        "customerid", "memberid", "whoid", "distinctid", "lead", "subject", "recordid", "vid", "recipient", "email",
    ),
    "anonymous_id": ("anonymousid", "userpseudoid", "domainuserid", "visitorid", "cookieid", "deviceid"),
    "account_id": ("accountid", "groupid", "contextgroupid", "companyid", "organizationid", "organisationid"),
    "session_id": ("sessionid", "usersession", "domainsessionid", "gasessionid", "visitid"),
    "source": ("source", "channel", "platform"),
    "type": (
        "eventname", "event", "eventtype", "activity", "conceptname", "activitytype", "eventaction", "type", "action",
    ),
    "occurred_at": (
        "occurredat", "timestamp", "timetimestamp", "eventtime", "eventtimestamp", "eventat", "originaltimestamp",
        "derivedtstamp", "ts", "time", "datetime", "createdat", "created", "createdate", "date", "eventdate",
    ),
    "received_at": ("receivedat", "collectortstamp", "ingestedat", "loadedat"),
    "region": ("region", "georegion"),
    "properties": ("properties", "eventproperties", "data"),
    "context": ("context",),
    "schema_version": ("schemaversion",),
    "trace_id": ("traceid",),
    "corrects": ("corrects", "correctsid", "correctseventid"),
    "retracts": ("retracts", "retractsid", "retractseventid"),
}  # fmt: skip

LEADS: dict[str, tuple[str, ...]] = {
    "lead_id": (
        "leadid", "contactid", "contactvid", "hsobjectid", "recordid", "mqlid", "prospectid", "caseid",
        "caseconceptname", "conceptname", "userid", "personid", "customerid", "memberid", "vid", "lead", "id",
        "leadnumber", "email",
    ),
    "created_at": (
        "createdat", "createdate", "createddate", "creationdate", "datecreated", "createdon", "created",
        "firstcontactdate", "firstcontactat", "regdate", "registrationdate", "registeredat", "signupdate",
        "signedupat", "entrydate", "leaddate", "becamealeaddate", "leadcreated", "leadcreatedat",
    ),
    "known_at": ("knownat",),
    "account_id": ("accountid", "groupid", "associatedcompanyid", "companyid"),
    "merged_into": ("masterrecordid",),
    "merged_ids": ("hsmergedobjectids", "mergedids", "mergedcontactids", "mergedobjectids", "mergedvids"),
}  # fmt: skip

OUTCOMES: dict[str, tuple[str, ...]] = {
    "lead_id": (
        "leadid", "contactid", "mqlid", "prospectid", "caseid", "associatedcontactid", "primarycontactid", "userid",
        "personid", "customerid", "recordid", "convertedcontactid", "dealid", "opportunityid", "id",
    ),
    "at": ("at", "closedat", "closedate", "wondate", "wonat", "converteddate", "convertedat", "outcomeat", "date"),
    "received_at": ("receivedat", "knownat"),
    "amount": ("amount", "dealamount", "price", "value", "revenue"),
    "outcome": (
        "outcome", "result", "hsisclosedwon", "isclosedwon", "iswon", "won", "isconverted", "converted", "dealstage",
        "stagename", "stage",
    ),
    "worked": ("worked", "wasworked", "isworked", "contacted", "wascontacted", "iscontacted"),
    "worked_at": ("workedat", "firstworkedat", "contactedat", "firstcontactedat", "firsttouchat", "firstcallat"),
}  # fmt: skip

REPS: dict[str, tuple[str, ...]] = {
    "assignee": (
        "assigneeid", "repid", "salesrepid", "rep", "salesrep", "ownerid", "hubspotownerid", "userid", "agentid",
        "owner", "username", "user", "id", "email",
    ),
    "pool": ("pools", "poolid", "queue", "queuename", "team", "teams", "teamname", "salesteam", "group"),
    "per_day": ("dailycapacity", "capacityperday", "maxperday", "leadsperday", "dailycap", "dailylimit"),
    "max_open": ("perrepopen", "openleads", "maxopenleads", "opencapacity", "capacityopen", "capacity", "cap", "open"),
    "calendar": ("businesshours", "workinghours", "shift", "timezone"),
    "territory": ("region", "country", "market"),
    "weight": ("share", "rotationweight", "routingweight"),
    "away": ("absent", "absence", "outofoffice", "ooo", "vacation", "holidays", "leave"),
}  # fmt: skip

TABLES = {"events": EVENTS, "leads": LEADS, "outcomes": OUTCOMES, "reps": REPS}
REQUIRED = {
    "events": ("lead_id", "type", "occurred_at"),
    "leads": ("lead_id",),
    "outcomes": ("lead_id",),
    "reps": ("assignee", "pool"),
}
SUBSTITUTES = {("events", "lead_id"): "anonymous_id"}
COALESCED = {("events", "type"): ("event", "type"), ("events", "occurred_at"): ("timestamp", "originaltimestamp")}

WAREHOUSE = re.compile(r"^(property_|properties__)")


def plain_name(name: str) -> str:
    """The name as aliases are compared: lower case, letters and digits only, without the warehouse prefix."""
    lowered = WAREHOUSE.sub("", name.strip().lower())
    return re.sub(r"[^a-z0-9]", "", lowered)


def lacking(kind: str, given: Collection[str]) -> list[str]:
    """The required fields that are not given; a visitor's id stands in for the lead that it is not yet."""
    return [name for name in REQUIRED[kind] if name not in given and SUBSTITUTES.get((kind, name)) not in given]


def suggest(columns: Sequence[str], kind: str) -> dict[str, tuple[str, ...]]:
    """Field → columns for every field that an alias finds; no column serves two fields."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(plain_name(column), column)
    taken: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    for field in _order(kind):
        chain = tuple(by_name[name] for name in COALESCED.get((kind, field), ()) if name in by_name)
        columns = chain if len(chain) > 1 else _first(field, TABLES[kind][field], by_name, taken)
        if columns:
            found[field] = columns
            taken.update(columns)
    return found


def _order(kind: str) -> list[str]:
    """Required fields choose first: a lone `id` of a contact file is the lead, not something else."""
    fields = list(TABLES[kind])
    return sorted(fields, key=lambda field: field not in REQUIRED[kind])


def _first(field: str, names: tuple[str, ...], by_name: dict[str, str], taken: set[str]) -> tuple[str, ...]:
    wanted = (field.replace("_", ""), *names)
    return next(((by_name[name],) for name in wanted if name in by_name and by_name[name] not in taken), ())
