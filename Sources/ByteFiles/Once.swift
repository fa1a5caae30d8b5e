internal import Synchronization

/// A value that is computed on first use and then kept.
///
/// Two threads may compute it at the same time; the first result is kept, and neither thread waits.
package struct Once<Value: Sendable>: ~Copyable, Sendable {
  private let kept = Mutex<Value?>(nil)

  package init() {}

  /// The kept value, or the result of `make`; an error is not kept.
  package func value<Failure: Error>(_ make: () throws(Failure) -> Value) throws(Failure) -> Value {
    if let known = known { return known }
    let made = try make()
    return kept.withLock { kept in
      kept = kept ?? made
      return kept ?? made
    }
  }

  /// The kept value; nil before the first use.
  package var known: Value? { kept.withLock { $0 } }
}
