-- who was erased is remembered by id: quarantine alone may know a person, whom a later import must not bring back
CREATE TABLE erased_ids (lead_id VARCHAR NOT NULL, erased_at TIMESTAMP NOT NULL);
INSERT INTO erased_ids SELECT lead_id, erased_at FROM erased_leads JOIN leads USING (lead_no);
INSERT INTO erased_ids
SELECT shown_id, max(erased_at)
FROM (SELECT unnest(from_json(json_extract(body, '$.ids'), '["VARCHAR"]')) AS shown_id, "at"::TIMESTAMP AS erased_at
      FROM ledger WHERE kind = 'person.erased')
WHERE shown_id IN (SELECT lead_id FROM quarantine) AND shown_id NOT IN (SELECT lead_id FROM leads)
GROUP BY shown_id;
DROP TABLE erased_leads;
