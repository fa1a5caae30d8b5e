/// What a pickle may cost. The largest real ones, of optimizers over 10,000 tensors, stay below a fifth of each.
package struct PickleLimits: Sendable {
  /// Instructions.
  package var instructions = 20_000_000
  /// Values made.
  package var nodes = 2_000_000
  /// Values that containers hold, all together.
  package var members = 8_000_000
  /// Values put away for later.
  package var memo = 2_000_000
  /// Values that wait on the stack, and marks among them.
  package var stack = 2_000_000
  /// Bytes of text kept, all together.
  package var textBytes = 64 << 20
  /// Bytes of one text that is kept; of a longer one only its length is known.
  package var text = 64 << 10
  /// Bytes of a line: a number or a name of protocol 0.
  package var line = 64 << 10

  package init() {}
}
