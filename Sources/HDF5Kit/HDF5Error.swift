/// What goes wrong with an HDF5 file.
package enum HDF5Error: Error, Equatable, CustomStringConvertible {
  /// libhdf5 refused a call while writing.
  case library(call: String, message: String)

  package var description: String {
    switch self {
    case .library(let call, let message): "libhdf5: \(call): \(message)"
    }
  }
}
