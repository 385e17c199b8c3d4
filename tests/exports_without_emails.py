"""Exports of twelve CRMs by which no prospect of Saleshandy can be found: IDs of their own, or names alone."""

from __future__ import annotations

from tests.exports import GUID, PEOPLE, Export, full_name, salesforce_id

WITHOUT_EMAILS = (
    Export(
        "hubspot-notes.csv",
        ("Record ID", "Note body", "Create date", "Activity assigned to", "Associated Contact IDs"),
        lambda i, text: (f"{8_880 + i}", text, "2026-11-20 10:15", "Eva Egger", f"{151_000 + i}"),
        [], encoding="utf-8-sig",
    ),
    Export(
        "hubspot-contacts.csv",
        ("Record ID", "First Name", "Last Name", "Notes"),
        lambda i, text: (f"{151_000 + i}", *PEOPLE[i], text),
        [], encoding="utf-8-sig",
    ),
    Export(
        "salesforce-note.csv",
        ("Id", "IsDeleted", "ParentId", "Title", "IsPrivate", "CreatedDate", "OwnerId", "Body"),
        lambda i, text: (salesforce_id(i, "002T500000"), "0", salesforce_id(i), "Call", str(i % 2), "2026-11-20T10:15Z",
                         salesforce_id(4, "0055g00000"), text),
        [],
    ),
    Export(
        "salesforce-task.csv",
        ("Id", "WhoId", "WhatId", "Subject", "ActivityDate", "Status", "OwnerId", "Description"),
        lambda i, text: (salesforce_id(i, "00T5g00000"), salesforce_id(i), "", "Call", "2026-11-20", "Completed",
                         salesforce_id(4, "0055g00000"), text),
        [],
    ),
    Export(
        "pipedrive-activities.csv",
        ("Activity - Subject", "Activity - Type", "Activity - Note", "Activity - Due date", "Person - ID",
         "Person - Name"),
        lambda i, text: ("Call", "call", text, "2026-11-20", f"{40 + i}", full_name(i)),
        [],
    ),
    Export(
        "zoho-notes.csv",
        ("Record Id", "Note Owner.id", "Note Owner", "Note Title", "Note Content", "Parent ID.id", "Parent ID"),
        lambda i, text: (f"zcrm_90000{i}", "zcrm_7", "Eva Egger", "Call", text, f"zcrm_80000{i}", full_name(i)),
        [],
    ),
    Export(
        "close-notes.csv",
        ("id", "lead_id", "contact_id", "note", "user_name"),
        lambda i, text: (f"acti_c9Rt{i}pWq4Vn", f"lead_a8Sd{i}kLm2Qx", f"cont_b7Fg{i}Hj3Wz", text, "Eva Egger"),
        [],
    ),
    Export(
        "apollo-contacts.csv",
        ("First Name", "Last Name", "Company Name", "Company Name for Emails", "Contact Owner", "Apollo Contact Id",
         "Call Notes"),
        lambda i, text: (*PEOPLE[i], "Kestrel GmbH", "Kestrel", "eva.egger@kestrel.example",
                         f"65f0a1b2c3d4e5f60718293{i}", text),
        [],
    ),
    Export(
        "outreach-calls.csv",
        ("Prospect ID", "Prospect Name", "Call Purpose", "Call Disposition", "Note"),
        lambda i, text: (f"{91_000 + i}", full_name(i), "Follow-up", "Connected", text),
        [],
    ),
    Export(
        "salesloft-calls.csv",
        ("id", "person_id", "person_company_name", "disposition", "sentiment", "note"),
        lambda i, text: (f"{7_000_001 + i}", f"{500_100 + i}", "Kestrel GmbH", "Connected", "Interested", text),
        [],
    ),
    Export(
        "lemlist-leads.csv",
        ("_id", "firstName", "lastName", "companyName", "leadStatus", "note"),
        lambda i, text: (f"lea_XKjAytuJhBKZhxhW{i}", *PEOPLE[i], "Kestrel GmbH", "interested", text),
        [],
    ),
    Export(
        "freshsales-notes.csv",
        ("Contact : Id", "Contact : First name", "Contact : Last name", "Note", "Sales owner"),
        lambda i, text: (f"70001234567{i}", *PEOPLE[i], text, "Eva Egger"),
        [],
    ),
    Export(
        "copper-people.csv",
        ("Copper ID", "Person Name", "Company", "Contact Type", "Owner", "Description"),
        lambda i, text: (f"{98_000_100 + i}", full_name(i), "Kestrel GmbH", "Potential Customer", "Eva Egger", text),
        [],
    ),
    Export(
        "dynamics-notes.xlsx",
        ("(Do Not Modify) Note", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Title", "Description",
         "Regarding"),
        lambda i, text: (GUID.format(i), f"rZ8x{i}==", "2026-11-20 10:15", "Call", text, full_name(i)),
        [], hidden="ABC",
    ),
)  # fmt: skip
