// Tests of Conversion.
