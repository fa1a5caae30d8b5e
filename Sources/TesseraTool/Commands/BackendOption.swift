internal import ArgumentParser
internal import Inference

/// The backend option of every command that runs a network.
struct BackendOption: ParsableArguments {
  private static let names = BackendKind.allCases.map(\.rawValue).joined(separator: ", ")

  @Option(
    help: """
      The backend: fast (sums in binary32) or reference (sums in binary64, slower). The tests compare \
      the results of fast with those of reference.
      """)
  var backend = BackendKind.fast.rawValue

  /// The chosen backend; `validate` has checked the name.
  var kind: BackendKind { BackendKind(rawValue: backend) ?? .reference }

  func validate() throws {
    guard BackendKind(rawValue: backend) != nil else {
      throw ValidationError("--backend: expected one of \(Self.names), found '\(backend)'")
    }
  }
}
