internal import ByteFiles
internal import Pickle
internal import Tensors

/// Reads a pickle that is in a file, and turns its errors into errors of the file.
final class TorchPickle: PickleInput {
  let size: Int
  private let file: ReadableFile
  private let start: Int
  /// The pickle's name in messages.
  private let place: String
  private(set) var failure: FileError?

  /// The pickle begins at `start`; nothing after `start` + `size` is read.
  init(_ file: ReadableFile, start: Int, size: Int, place: String) {
    self.file = file
    self.start = start
    self.size = size
    self.place = place
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(PickleError) {
    do throws(FileError) { try file.read(at: start + offset, into: buffer) } catch {
      failure = error
      throw .input
    }
  }

  /// Reads the pickle that begins at `offset`.
  func tree(
    from offset: Int = 0, limits: PickleLimits = PickleLimits()
  ) throws(FlatFormatError) -> PickleTree {
    do throws(PickleError) { return try PickleMachine.read(self, from: offset, limits: limits) } catch {
      if let failure { throw .file(failure) }
      throw .pickle(error, path: file.path, place: place)
    }
  }
}

extension FlatFormatError {
  /// The `FlatFormatError` for a defect of the pickle that messages name `place`.
  static func pickle(_ error: PickleError, path: String, place: String) -> FlatFormatError {
    guard case .refused(let defect, let offset, let expected, let found) = error else {
      return .refused(
        .pickleTruncated, path: path, place: place, expected: "bytes within it", found: "its end")
    }
    let rule: FlatFormatRule =
      switch defect {
      case .truncated: .pickleTruncated
      case .opcode: .pickleOpcode
      case .version: .pickleVersion
      case .stack: .pickleStack
      case .memo: .pickleMemo
      case .argument: .pickleArgument
      case .limit: .pickleLimit
      }
    return .refused(
      rule, path: path, place: "\(place), byte \(offset)", expected: expected,
      found: TensorName(found).escaped)
  }
}
