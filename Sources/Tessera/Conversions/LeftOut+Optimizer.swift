internal import Conversion
internal import FlatFormats
internal import TensorStreams

extension LeftOut {
  /// The whole state of an optimizer, which a destination does not get.
  init(optimizer: StoredOptimizer) {
    let count = optimizer.numbers.count
    self.init(
      Joining.optimizer,
      "the state of an optimizer, \(count) \(count == 1 ? "tensor" : "tensors"); a DEST .pt holds it, and "
        + "'convert --take \(Joining.optimizer)' writes it alone", .apart)
  }

  /// The settings of an optimizer, whose tensors a file of this kind gets; nil if it gets the settings, too.
  init?(settingsOf state: OptimizerState, writtenAs kind: FlatFormatKind) {
    if kind.holdsOptimizers { return nil }
    self.init(
      Joining.optimizer, "its settings (\(state.settingsInWords)), which only a DEST .pt holds", .apart)
  }
}
