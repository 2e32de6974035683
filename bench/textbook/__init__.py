"""The other side of `vs_entity_workflow`: the entity workflow as Temporal's samples and guides write it."""
