import Testing

/// A source with its plan, sent through a unit checkpoint and back.
enum InteropCase: String, CaseIterable, CustomTestStringConvertible {
  /// The trained sample.
  case fashion
  /// A transformer of 91 MB: attention heads and feed-forward channels in four units, one layer interleaved.
  case minilm
  /// Every dtype of safetensors, whole and cut; NaN payloads, empty and scalar tensors, hard names.
  case dtypes
  /// An LSTM's gates, a fused QKV, a flatten, concats, an expert, compact and tied tensors.
  case mixed
  /// Three cut dimensions, a unit that has nothing on one axis.
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
  /// Tensors and plans that nobody thought of.
  case arbitrary1, arbitrary2, arbitrary3, arbitrary4

  var testDescription: String { rawValue }

  /// What a look at the file must find; a change here is a change of the file or of the case.
  var expected: (tensors: Int, datasets: Int, blocks: Int, networks: Int, smaller: Int, short: Int) {
    switch self {
    case .fashion: (542, 573, 620, 4, 4, 0)
    case .minilm: (104, 297, 284, 2, 2, 1)
    case .dtypes: (133, 206, 169, 2, 1, 0)
    case .mixed: (19, 48, 64, 4, 4, 0)
    case .cubes: (3, 22, 63, 3, 2, 1)
    case .family: (20, 46, 54, 5, 5, 0)
    case .unplanned: (3, 16, 3, 0, 0, 0)
    case .thin: (4, 31, 18, 4, 3, 0)
    case .wide: (5, 32, 25, 2, 2, 0)
    case .squeezed: (12, 42, 47, 3, 2, 0)
    case .arbitrary1: (40, 127, 455, 6, 6, 0)
    case .arbitrary2: (40, 97, 125, 6, 6, 0)
    case .arbitrary3: (40, 109, 255, 6, 6, 0)
    case .arbitrary4: (40, 120, 270, 6, 6, 0)
    }
  }

  /// Of `--compress`: how many datasets are in chunks, and before how many blocks there is a gap.
  var compressed: (datasets: Int, gaps: Int) {
    switch self {
    case .fashion: (12, 0)
    case .minilm: (147, 0)
    case .wide: (19, 0)
    case .squeezed: (23, 6)
    default: (0, 0)
    }
  }

  /// Whether a tool may print the whole file.
  var isSmall: Bool { self != .minilm && self != .wide && self != .squeezed }

  var hasPlan: Bool { self != .unplanned }
}
