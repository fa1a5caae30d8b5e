package import ByteFiles
package import HDF5Kit
package import TensorStreams
internal import Tensors
package import UnitModel

/// An error of a unit checkpoint.
package enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// An error of the file as a whole.
  case file(FileError)
  /// An error in its HDF5 structure.
  case hdf5(path: String, HDF5Error)
  /// An error in its stored plan.
  case plan(path: String, PlanError)
  /// An HDF5 file of another kind.
  case notACheckpoint(path: String, found: String)
  /// A layout version that this reader does not know, or none.
  case unknownVersion(path: String, found: String)
  /// A reader was asked for bytes or tensors that do not exist.
  case stream(path: String, TensorStreamError)
  /// A valid file uses something that this version does not support.
  case unsupported(path: String, place: String, expected: String, found: String)
  /// The index or the datasets violate the layout.
  case broken(CheckpointDefect, path: String, place: String, expected: String, found: String)

  /// The rule of the layout that is broken; nil for other errors.
  package var defect: CheckpointDefect? {
    if case .broken(let defect, _, _, _, _) = self { defect } else { nil }
  }

  package var description: String {
    switch self {
    case .file(let error): error.description
    case .hdf5(let path, let error):
      // Most of these errors name the file; those of libhdf5 do not.
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

  /// The next step for a file of another layout, as the end of a sentence; empty if there is none.
  package static func wayOn(_ version: String) -> String {
    if version.hasPrefix("1.") {
      return "; tessera 0.1 wrote it: convert it to flat weights with that version, then convert the "
        + "result with its plan (the dataset tessera/plan)"
    }
    let major = version.split(separator: ".").first.flatMap { UInt32($0) }
    return version.contains(".") && (major ?? 0) > Layout.version[0]
      ? "; a newer tessera wrote it: update tessera" : ""
  }
}
