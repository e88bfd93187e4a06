-- one row a registered version of an event type's schema ('*': every event); document is JSON
CREATE TABLE event_schemas (
    type VARCHAR NOT NULL, version SMALLINT NOT NULL, content_hash VARCHAR NOT NULL, document VARCHAR NOT NULL,
    registered_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL
);

-- what an event's properties were before they were brought to the newest version of its type
CREATE TABLE event_originals (
    event_id VARCHAR NOT NULL, schema_version SMALLINT NOT NULL, properties VARCHAR, batch_id VARCHAR NOT NULL
);

-- the properties that the newest version of each event type declares; type: text | number | decimal | boolean | time
CREATE VIEW declared_properties AS
SELECT event_type, version, property, json_extract_string(declared, '$."' || property || '".type') AS type,
       coalesce(json_extract_string(declared, '$."' || property || '".required') = 'true', false) AS required
FROM (SELECT type AS event_type, version, json_extract(document, '$.properties') AS declared,
             unnest(json_keys(json_extract(document, '$.properties'))) AS property
      FROM event_schemas s
      WHERE version = (SELECT max(version) FROM event_schemas n WHERE n.type = s.type));
