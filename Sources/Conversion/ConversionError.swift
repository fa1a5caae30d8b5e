package import Tensors
package import UnitModel

/// An error of a conversion. Errors of its files are not wrapped.
package enum ConversionError: Error, CustomStringConvertible {
  case plan(path: String, PlanError)
  /// An owner map that contradicts the plan.
  case ownerMap(path: String, place: String, expected: String, found: String)
  /// Two names that are declared one tensor have different bytes.
  case tieDiffers(path: String, name: TensorName, tiedTo: TensorName)
  /// An added input whose names collide with others.
  case added(path: String, name: String, expected: String, found: String)
  /// An optimizer's state that cannot go along with the weights.
  case optimizer(path: String, expected: String, found: String)
  /// The windows of a tensor do not add up to the tensor: a bug of this program, found before anything is lost.
  case incomplete(path: String, name: TensorName, expected: Int, found: Int)

  package var description: String {
    switch self {
    case .plan(let path, let error): "\(path): \(error)"
    case .ownerMap(let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    case .tieDiffers(let path, let name, let tiedTo):
      "\(path): tensor \(name.quoted): expected the same bytes as \(tiedTo.quoted), to which it is "
        + "tied, found different bytes"
    case .added(let path, let name, let expected, let found):
      "\(path): --add \(TensorName(name).quoted): expected \(expected), found \(found)"
    case .optimizer(let path, let expected, let found):
      "\(path): --with-optimizer: expected \(expected), found \(found)"
    case .incomplete(let path, let name, let expected, let found):
      "\(path): tensor \(name.quoted): expected \(expected.grouped) bytes, "
        + "found \(found.grouped)"
    }
  }
}
