"""Who gets to the leads in time: reps, pools and working hours, simulated event by event."""
