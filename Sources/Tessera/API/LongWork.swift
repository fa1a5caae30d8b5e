internal import ByteFiles
internal import Dispatch
internal import Synchronization

/// The progress of a long operation.
public struct WorkProgress: Sendable, Hashable {
  /// Bytes processed so far.
  public let completed: Int
  /// The total number of bytes; 0 if it is unknown.
  public let total: Int

  /// The completed part, from 0 to 1; 1 if the total is unknown.
  public var fraction: Double { total > 0 ? min(1, Double(completed) / Double(total)) : 1 }
}

/// A function that receives progress reports from time to time, on one of the library's threads.
public typealias ProgressHandler = @Sendable (WorkProgress) -> Void

/// Long work on a thread outside Swift's own pool, whose threads must not be blocked.
enum LongWork {
  /// Runs `body` on another thread. The argument of `body` throws `CancellationError` when the task is cancelled.
  static func perform<Value: Sendable>(
    _ body: @escaping @Sendable (_ check: @escaping @Sendable () throws -> Void) throws -> Value
  ) async throws -> Value {
    let state = State()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().hand {
          let result = Result {
            do { return try body { try state.check() } } catch let error as CancellationError {
              throw error
            } catch { throw TesseraError(error) }
          }
          continuation.resume(with: result)
        }
      }
    } onCancel: {
      state.isCancelled.store(true, ordering: .relaxed)
    }
  }

  private final class State: Sendable {
    let isCancelled = Atomic(false)

    func check() throws {
      if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
    }
  }

  /// Throws if `destination` is one of the files that are read.
  static func requireApart(_ destination: String, from sources: [String]) throws(TesseraError) {
    guard let identity = FileIdentity(path: destination) else { return }
    for source in sources where FileIdentity(path: source) == identity {
      throw TesseraError(
        .request,
        "\(destination): expected another file than the one that is read (\(source)), found the same")
    }
  }
}
