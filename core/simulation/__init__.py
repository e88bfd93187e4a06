"""What a change of policy would do, before anybody publishes it."""
