package import ByteFiles
package import HDF5Kit
package import TensorStreams
internal import Tensors
package import UnitModel

/// What goes wrong with a unit checkpoint.
package enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// The file as a whole.
  case file(FileError)
  /// Its HDF5 structure.
  case hdf5(path: String, HDF5Error)
  /// The plan that it holds.
  case plan(path: String, PlanError)
  /// An HDF5 file of another kind.
  case notACheckpoint(path: String, found: String)
  /// A layout that a later tessera has written.
  case unknownVersion(path: String, found: String)
  /// A reader was asked for what it does not have.
  case stream(path: String, TensorStreamError)
  /// Something that a sound file may hold and that is not done.
  case unsupported(path: String, place: String, expected: String, found: String)
  /// Something in the index or the datasets is not as the layout says.
  case broken(CheckpointDefect, path: String, place: String, expected: String, found: String)

  /// Which of the layout's rules is broken; nil where it is something else that is wrong.
  package var defect: CheckpointDefect? {
    if case .broken(let defect, _, _, _, _) = self { defect } else { nil }
  }

  package var description: String {
    switch self {
    case .file(let error): error.description
    case .hdf5(let path, let error):
      // Most of its errors name the file; those of the library do not.
      "\(error)".hasPrefix("\(path): ") ? "\(error)" : "\(path): \(error)"
    case .stream(let path, let error): "\(path): \(error)"
    case .unsupported(let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    case .plan(let path, let error): "\(path): tessera/plan: \(error)"
    case .notACheckpoint(let path, let found):
      "\(path): expected a unit checkpoint (root attribute format = \"tessera.checkpoint\"), found \(found)"
    case .unknownVersion(let path, let found):
      "\(path): layout version: expected \(Layout.version[0]).x, found \(found)\(Self.wayOn(found))"
    case .broken(_, let path, let place, let expected, let found):
      "\(path): \(place): expected \(expected), found \(found)"
    }
  }

  /// What to do with a file of another layout.
  package static func wayOn(_ version: String) -> String {
    if version.hasPrefix("1.") {
      return "; tessera 0.1 wrote it: convert it to flat weights with that version, then convert those with "
        + "its plan (the dataset tessera/plan)"
    }
    let major = version.split(separator: ".").first.flatMap { UInt32($0) }
    return version.contains(".") && (major ?? 0) > Layout.version[0]
      ? "; a newer tessera has written it: update this one" : ""
  }
}
