-- the ids of persons who were erased, and when: what is told of them up to then is not taken in again
CREATE TABLE erased_leads (lead_no INTEGER NOT NULL, erased_at TIMESTAMP NOT NULL);
INSERT INTO erased_leads
SELECT l.lead_no, max(e.erased_at)
FROM (SELECT unnest(from_json(json_extract(body, '$.ids'), '["VARCHAR"]')) AS shown_id, "at"::TIMESTAMP AS erased_at
      FROM ledger WHERE kind = 'person.erased') e
JOIN leads l ON e.shown_id = CASE WHEN contains(l.lead_id, '@') THEN 'no-' || l.lead_no ELSE l.lead_id END
GROUP BY l.lead_no;
