internal import ByteFiles
internal import HDF5Kit
internal import TensorStreams
internal import Tensors

extension HDF5Source.Parts {
  /// The tensors of a Keras file, in the order of its lists of layers, or else in the order in which they were written.
  ///
  /// - Parameters:
  ///   - survey: all objects of `file`.
  ///   - names: the names that tensors get.
  init(_ file: HDF5File, _ survey: HDF5Survey, _ names: ReadingChoices.Names) {
    (metadata, leftOut, remarks) = (survey.attributes, survey.leftOut, survey.remarks)
    defects = survey.defects
    switch KerasForm(of: file) {
    case .listed(let root)?:
      do throws(FlatFormatError) {
        try choose(KerasLists.weights(of: file, root: root), of: file, survey, names)
      } catch {
        defects.append(error)
      }
    case .numbered?, nil: chooseNumbered(survey, names)
    }
    if let config = metadata.first(where: { $0.key == "model_config" }) {
      remarks += KerasConfiguration.remarks(config.value, place: "attribute model_config")
    }
  }

  /// The tensors that attributes list.
  private mutating func choose(
    _ weights: [KerasLists.Weight], of file: HDF5File, _ survey: HDF5Survey, _ names: ReadingChoices.Names
  ) {
    var places: [TensorName: Int] = [:]
    for (place, entry) in survey.entries.enumerated() { places[entry.spec.name] = place }
    let omitted = Set(leftOut.map { TensorName($0.name) })
    for weight in weights {
      guard let place = places.removeValue(forKey: weight.path) else {
        // A dataset of text, or a damaged one, has been reported.
        if omitted.contains(weight.path) || !defects.isEmpty { continue }
        defects.append(
          KerasLists.broken(
            file, "attribute weight_names", "every weight once, each with a dataset",
            "\(weight.path.quoted), which has none or is listed twice"))
        return
      }
      chosen.append((survey.entries[place], names == .paths ? weight.path : weight.name))
    }
    omit(places.values.sorted().map { survey.entries[$0] }, "no list of weights names it")
  }

  /// The variables of layers. Those of the optimizer are left out.
  mutating func chooseNumbered(_ survey: HDF5Survey, _ names: ReadingChoices.Names) {
    let entries = survey.written
    let isState: (HDF5Survey.Entry) -> Bool = { $0.spec.name.text.hasPrefix("optimizer/") }
    let own = entries.filter { !isState($0) }
    let specs = own.map(\.spec)
    let chosenNames =
      names == .paths ? specs.map(\.name) : KerasNames(survey.layerNames).names(of: specs)
    chosen = Array(zip(own, chosenNames))
    layerNames = survey.layerNames
    omit(entries.filter(isState), "")
  }

  /// Leaves out the state of the optimizer as a whole, and other datasets one by one.
  private mutating func omit(_ entries: [HDF5Survey.Entry], _ why: String) {
    var states: [String: Int] = [:]
    for entry in entries {
      let name = entry.spec.name.text
      let first = SystemPath.components(name)[0]
      if first.hasPrefix("optimizer") {
        states[first, default: 0] += 1
      } else {
        leftOut.append(LeftOut(name, "a dataset that is no weight: \(why)", .keptInGraph))
      }
    }
    for (name, count) in states.sorted(by: { $0.key < $1.key }) {
      leftOut.append(
        LeftOut(name, "\(count) \(count == 1 ? "tensor" : "tensors") of an optimizer's state", .apart))
    }
  }
}
