internal import Accounting
internal import Assigning
internal import ByteFiles
internal import ChannelFlow
internal import Conversion
internal import FlatFormats
internal import Inference
internal import ONNXGraph
internal import Planning
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

public import protocol FoundationEssentials.LocalizedError

/// The reason why an operation failed.
///
/// The description is one sentence: the file, the place in it, what was expected and what was found. It names a setting
/// as the command does: `--assume-dtype` is the argument `assumeDType`.
public struct TesseraError: LocalizedError, Sendable, CustomStringConvertible {
  /// The kind of an error, for programs that handle it. The raw values are stable.
  public enum Code: String, Sendable {
    /// The operating system could not open, read or write a file.
    case file
    /// A file is damaged, of an unknown format, or breaks the rules of its format.
    case format
    /// A plan is wrong, or does not fit the weights.
    case plan
    /// A graph cannot be followed or computed.
    case graph
    /// Parameters cannot be counted under a policy.
    case count
    /// The call asks for something impossible: a tensor, task or level that the file lacks, a destination whose name
    /// has an unknown ending, a destination that is also read, or a setting that does not fit the destination.
    case request
  }

  /// The kind of the error, for programs that handle it.
  public let code: Code
  /// The sentence, which the `tessera` command prints for the same error.
  public let description: String
  /// The same sentence, for `localizedDescription`.
  public var errorDescription: String? { description }

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  package init(sentence: String) { self.init(.format, sentence) }

  /// Wraps an error of another module; the sentence stays the same.
  init(_ error: any Error) { self.init(Self.code(of: error), "\(error)") }

  /// The kind of an error of any module.
  static func code(of error: any Error) -> Code {
    switch error {
    case let known as TesseraError: known.code
    case is FileError, CheckpointError.file, FlatFormatError.file, GraphError.file: .file
    case is FlatFormatError, is CheckpointError: .format
    case is PlanError, is PlanningError, is ConversionError: .plan
    case is GraphError, is FlowError, is InferenceError: .graph
    case is AccountingError: .count
    case is TensorStreamError, is TensorError, is RequestError, is LearningError: .request
    default: .format
    }
  }

  /// Runs `body` and throws its error as a `TesseraError`.
  static func wrapping<Value>(_ body: () throws -> Value) throws(TesseraError) -> Value {
    do { return try body() } catch { throw TesseraError(error) }
  }
}
