internal import UnitModel

/// A policy that comes with the program, as a JSON file in `Policies/`; the raw value is its id.
public enum PolicyPreset: String, CaseIterable, Sendable {
  case allStored = "all-stored"
  case weightsOnly = "weights-only"

  /// The document, byte for byte as it is in `Policies/`.
  ///
  /// Embedded in the binary, so that a copied command needs no folder beside it.
  public var document: [UInt8] {
    switch self {
    case .allStored: PackageResources.all_stored_json
    case .weightsOnly: PackageResources.weights_only_json
    }
  }

  /// The policy with this id.
  ///
  /// Throws `AccountingError.unknownPreset` with the nearest name.
  public static func policy(named name: String) throws(AccountingError) -> CountingPolicy {
    guard let preset = PolicyPreset(rawValue: name) else {
      throw .unknownPreset(name: name, nearest: nearestName(to: name, among: allCases.map(\.rawValue)))
    }
    return try CountingPolicy(parsing: preset.document)
  }
}
