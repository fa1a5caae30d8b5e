internal import ArgumentParser
internal import FlatFormats
internal import Tensors

/// Options of every command that reads flat files.
struct ReadingOptions: ParsableArguments {
  @Option(
    name: .customLong("assume-dtype"),
    help: ArgumentHelp(
      "The dtype of npy elements saved as raw bytes (|V2, |V1): BF16, F8_E4M3, …",
      discussion: "NumPy saves bfloat16 and 8-bit floats as raw bytes, without their dtype."))
  var assumedDType: String?

  @Option(
    help: ArgumentHelp(
      "The names of Keras tensors: layers (conv/kernel) or paths (layers/conv2d_1/vars/0).",
      discussion: "Keras makes paths of classes and counters, which differ between models."))
  var names: KerasNameOption = .layers

  /// The choices that were given.
  var choices: ReadingChoices {
    ReadingChoices(assumeDType: assumedDType.flatMap(DType.init(rawValue:)), names: names.names)
  }

  func validate() throws {
    if let assumedDType, DType(rawValue: assumedDType) == nil {
      throw ValidationError(
        "--assume-dtype: expected one of \(DType.allCases.map(\.rawValue).joined(separator: ", ")), "
          + "found '\(assumedDType)'")
    }
  }
}

/// The names of Keras tensors, as `--names` spells them.
enum KerasNameOption: String, CaseIterable, ExpressibleByArgument {
  case layers, paths

  var names: ReadingChoices.Names { self == .paths ? .paths : .layers }
}
