internal import Synchronization

/// Something that is made when it is first asked for, and kept.
///
/// Two threads that ask at once may both make it; one of the two is kept, and neither waits for the other.
package struct Once<Value: Sendable>: ~Copyable, Sendable {
  private let kept = Mutex<Value?>(nil)

  package init() {}

  /// What was kept, or what `make` gives; nothing is kept of what throws.
  package func value<Failure: Error>(_ make: () throws(Failure) -> Value) throws(Failure) -> Value {
    if let known = known { return known }
    let made = try make()
    return kept.withLock { kept in
      kept = kept ?? made
      return kept ?? made
    }
  }

  /// What was kept; nil where nothing has been made.
  package var known: Value? { kept.withLock { $0 } }
}
