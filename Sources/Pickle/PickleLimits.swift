/// Limits on the cost of a pickle. The largest real ones, of optimizers over 10,000 tensors, need less than a fifth of
/// each.
package struct PickleLimits: Sendable {
  /// Instructions carried out.
  package var instructions = 20_000_000
  /// Values made.
  package var nodes = 2_000_000
  /// Members of all containers together.
  package var members = 8_000_000
  /// Entries of the memo.
  package var memo = 2_000_000
  /// Values on the stack, and marks.
  package var stack = 2_000_000
  /// Bytes of all texts that are kept.
  package var textBytes = 64 << 20
  /// Bytes of one text that is kept; for a longer one only the length is kept.
  package var text = 64 << 10
  /// Bytes of a line: a number or a name in protocol 0.
  package var line = 64 << 10

  package init() {}
}
