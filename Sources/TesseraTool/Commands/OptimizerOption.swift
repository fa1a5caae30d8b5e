internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import Tensors
internal import Tessera

/// The state of the optimizer that trained SOURCE.
struct OptimizerOption: ParsableArguments {
  @Flag(
    name: .customLong("with-optimizer"),
    help: ArgumentHelp(
      "Take the state of SOURCE's optimizer along, cut like its parameters.",
      discussion:
        "It is in a .pt file or a distributed checkpoint with the model, or in optimizer.pt (optimizer.bin) beside the weights."
    ))
  var isWanted = false

  @Option(
    name: .customLong("parameter-order"),
    help: ArgumentHelp(
      "The names of the optimizer's parameters, group by group, one on each line.",
      discussion: "For an optimizer with numbers whose names cannot be found by order and shape.",
      valueName: "file"))
  var order: String?

  /// Checks the options that exclude each other.
  func require(isAdding: Bool, isTaking: Bool, isFolder: Bool) throws(ValidationError) {
    if order != nil, !isWanted { throw ValidationError("--parameter-order goes with --with-optimizer") }
    guard isWanted else { return }
    if isAdding {
      throw ValidationError("--with-optimizer takes one model's optimizer; expected no --add beside it")
    }
    if isTaking {
      throw ValidationError(
        "--with-optimizer is for flat weights; a checkpoint keeps its optimizer, and --take \(Joining.optimizer) writes it"
      )
    }
    if isFolder {
      throw ValidationError("--with-optimizer: expected a file as DEST; a folder holds weights alone")
    }
  }

  /// The weights with their optimizer; nil without the option.
  func training(_ flat: any FlatWeightsSource, _ opened: OpenedFile) throws -> Training? {
    guard isWanted else { return nil }
    return try Training(flat, of: opened, order: order.map { try Training.order(at: $0) })
  }
}
