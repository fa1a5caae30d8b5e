import Testing

/// A source with its plan, converted to a unit checkpoint and back.
enum InteropCase: String, CaseIterable, CustomTestStringConvertible {
  /// The trained sample.
  case fashion
  /// A transformer of 91 MB: attention heads and feed-forward channels in four units, one layer interleaved.
  case minilm
  /// Every dtype of safetensors, whole and cut; NaN payloads, empty and scalar tensors, hard names.
  case dtypes
  /// An LSTM's gates, a fused QKV, a flatten, concats, an expert, compact and tied tensors.
  case mixed
  /// Three cut dimensions, and a unit without channels on one axis.
  case cubes
  /// Unequal units, common channels, private and compact tensors, levels that are not nested, an expert, a tie.
  case family
  /// No plan.
  case unplanned
  /// Five units of one channel, axes with fewer channels than units.
  case thin
  /// Cut tensors larger than any buffer, with rows larger than any buffer.
  case wide
  /// Tensors of a few hundred kilobytes that compress in every way, and some that do not.
  case squeezed
  /// Generated tensors and plans.
  case arbitrary1, arbitrary2, arbitrary3, arbitrary4

  var testDescription: String { rawValue }

  /// The numbers that a check of the file must find; a change here means that the file or the case changed.
  var expected: (tensors: Int, datasets: Int, blocks: Int, networks: Int, smaller: Int, short: Int) {
    switch self {
    case .fashion: (542, 69, 620, 4, 4, 4)
    case .minilm: (104, 64, 284, 2, 2, 2)
    case .dtypes: (133, 132, 192, 2, 1, 0)
    case .mixed: (19, 42, 64, 4, 4, 4)
    case .cubes: (3, 35, 63, 3, 2, 3)
    case .family: (20, 57, 54, 5, 5, 5)
    case .unplanned: (3, 15, 3, 0, 0, 0)
    case .thin: (4, 25, 18, 4, 3, 4)
    case .wide: (5, 38, 25, 2, 2, 0)
    case .squeezed: (12, 44, 47, 3, 2, 0)
    case .arbitrary1: (40, 83, 455, 6, 6, 0)
    case .arbitrary2: (40, 58, 126, 6, 6, 0)
    case .arbitrary3: (40, 82, 255, 6, 6, 0)
    case .arbitrary4: (40, 86, 271, 6, 6, 0)
    }
  }

  /// The number of sections in chunks, with `--compress`.
  var compressed: Int {
    switch self {
    case .fashion: 10
    case .minilm, .arbitrary1: 7
    case .cubes: 1
    case .wide: 22
    case .squeezed: 26
    case .arbitrary3: 12
    default: 0
    }
  }

  /// Whether tools may print the whole file.
  var isSmall: Bool { self != .minilm && self != .wide && self != .squeezed }

  var hasPlan: Bool { self != .unplanned }
}
