"""After a finding: how to test a remedy, and whether one has worked."""
