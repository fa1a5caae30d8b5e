internal import UnitModel

/// A policy that comes with the program, as a JSON file in `Policies/`; the raw value is its id.
public enum PolicyPreset: String, CaseIterable, Sendable {
  case allStored = "all-stored"
  case weightsOnly = "weights-only"
  case pytorchParameters = "pytorch-parameters"
  case pytorchStateDict = "pytorch-state-dict"
  case kerasTotal = "keras-total"
  case trainable
  case dvnConvolutions = "dvn-convolutions"
  case dvnAll = "dvn-all"
  case slimmableProfiler = "slimmable-profiler"
  case ofa
  case adashareStateDict = "adashare-state-dict"
  case denEstimatorOnly = "den-estimator-only"
  case denWithSelector = "den-with-selector"
  case piggybackIdealBits = "piggyback-ideal-bits"
  case piggybackAsStored = "piggyback-as-stored"
  case packnetWithMasks = "packnet-with-masks"
  case activeHF = "active-hf"
  case activeNoEmbeddings = "active-no-embeddings"

  /// The document, with the same bytes as in `Policies/`.
  ///
  /// It is embedded in the binary, so a copied command needs no other files.
  public var document: [UInt8] {
    switch self {
    case .allStored: PackageResources.all_stored_json
    case .weightsOnly: PackageResources.weights_only_json
    case .pytorchParameters: PackageResources.pytorch_parameters_json
    case .pytorchStateDict: PackageResources.pytorch_state_dict_json
    case .kerasTotal: PackageResources.keras_total_json
    case .trainable: PackageResources.trainable_json
    case .dvnConvolutions: PackageResources.dvn_convolutions_json
    case .dvnAll: PackageResources.dvn_all_json
    case .slimmableProfiler: PackageResources.slimmable_profiler_json
    case .ofa: PackageResources.ofa_json
    case .adashareStateDict: PackageResources.adashare_state_dict_json
    case .denEstimatorOnly: PackageResources.den_estimator_only_json
    case .denWithSelector: PackageResources.den_with_selector_json
    case .piggybackIdealBits: PackageResources.piggyback_ideal_bits_json
    case .piggybackAsStored: PackageResources.piggyback_as_stored_json
    case .packnetWithMasks: PackageResources.packnet_with_masks_json
    case .activeHF: PackageResources.active_hf_json
    case .activeNoEmbeddings: PackageResources.active_no_embeddings_json
    }
  }

  /// The policies that need no number of experts for a token.
  public static let general = allCases.filter { $0 != .activeHF && $0 != .activeNoEmbeddings }

  /// The policy with this id.
  ///
  /// Throws `AccountingError.unknownPreset` with the nearest names.
  public static func policy(named name: String) throws(AccountingError) -> CountingPolicy {
    guard let preset = PolicyPreset(rawValue: name) else {
      // The first word of a name stands for its whole family: `pytorch`, or the misspelt `pytorh`, suggests both of its
      // policies.
      let names = allCases.map(\.rawValue)
      let words = names + names.compactMap { $0.split(separator: "-").first.map(String.init) }
      let isBeginning = !name.isEmpty && names.contains { $0.hasPrefix(name.lowercased()) }
      let start = isBeginning ? name.lowercased() : nearestName(to: name, among: words)
      throw .unknownPreset(
        name: name, nearest: start.map { start in names.filter { $0.hasPrefix(start) } } ?? [])
    }
    return try CountingPolicy(parsing: preset.document)
  }
}
