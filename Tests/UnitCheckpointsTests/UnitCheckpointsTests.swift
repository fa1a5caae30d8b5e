// Tests of UnitCheckpoints.
