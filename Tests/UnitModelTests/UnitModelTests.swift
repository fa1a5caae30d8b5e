// Tests of UnitModel.
