package import ByteFiles
package import FlatFormats
package import Tensors
package import UnitCheckpoints
package import UnitModel

/// Why a conversion did not come about.
package enum ConversionError: Error, CustomStringConvertible {
  case flat(FlatFormatError)
  case checkpoint(CheckpointError)
  case plan(path: String, PlanError)
  /// A file of our own beside the destination.
  case file(FileError)
  /// Something that the files may hold and that is not done.
  case refused(path: String, place: String, expected: String, found: String)
  /// Two names said to be one tensor have different bytes.
  case tieDiffers(path: String, name: TensorName, tiedTo: TensorName)
  /// The windows of a tensor did not add up to it: a mistake of ours, caught before anything is lost.
  case incomplete(path: String, name: TensorName, expected: Int, found: Int)

  package var description: String {
    switch self {
    case .flat(let error): error.description
    case .checkpoint(let error): error.description
    case .plan(let path, let error): "\(path): \(error)"
    case .file(let error): error.description
    case .refused(let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    case .tieDiffers(let path, let name, let tiedTo):
      "\(path): tensor \(name.quoted): expected the bytes of \(tiedTo.quoted), to which it is tied, "
        + "found others"
    case .incomplete(let path, let name, let expected, let found):
      "\(path): tensor \(name.quoted): expected to move \(expected) bytes, moved \(found)"
    }
  }
}

/// Runs `body` with a flat file's error as a case of this module's.
func asConversion<Value>(_ body: () throws(FlatFormatError) -> Value) throws(ConversionError) -> Value {
  do throws(FlatFormatError) { return try body() } catch { throw .flat(error) }
}

/// Runs `body` with a checkpoint's error as a case of this module's.
func asConversion<Value>(_ body: () throws(CheckpointError) -> Value) throws(ConversionError) -> Value {
  do throws(CheckpointError) { return try body() } catch { throw .checkpoint(error) }
}
