/// Limits of work and memory for a pickle. The largest real ones, of optimizers with 10,000 tensors, need less than a
/// fifth of each limit.
package struct PickleLimits: Sendable {
  /// Instructions that are executed.
  package var instructions = 20_000_000
  /// Values that are made.
  package var nodes = 2_000_000
  /// Members of all containers together.
  package var members = 8_000_000
  /// Entries of the memo.
  package var memo = 2_000_000
  /// Values on the stack, and marks.
  package var stack = 2_000_000
  /// Bytes of all texts that are kept.
  package var textBytes = 64 << 20
  /// Bytes of one text that is kept; of a longer text only the length is kept.
  package var text = 64 << 10
  /// Bytes of a line, which is a number or a name in protocol 0.
  package var line = 64 << 10

  package init() {}
}
