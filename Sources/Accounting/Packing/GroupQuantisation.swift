internal import Tensors

/// Bits of an element and elements with one scale, as a model's configuration gives them: MLX's `quantization`, HQQ's
/// `nbits`.
public struct GroupQuantisation: Hashable, Sendable {
  /// Of one module, or of all.
  public struct Group: Hashable, Sendable {
    /// Bits of an element, 1 to 8.
    public let bits: Int
    /// Elements that share a scale.
    public let size: Int

    /// Bits and elements; nil for what no quantiser writes.
    public init?(bits: Int, size: Int) {
      guard (1...8).contains(bits), (1...1 << 20).contains(size) else { return nil }
      self.bits = bits
      self.size = size
    }
  }

  /// Of modules that have none of their own.
  public let common: Group?
  /// By the name of the module.
  public let modules: [String: Group]

  /// What a configuration says.
  public init(common: Group?, modules: [String: Group] = [:]) {
    self.common = common
    self.modules = modules
  }
}

extension Packing {
  /// A weight with a scale for each group: as many elements as the groups have, where that fits its containers.
  init(_ group: GroupQuantisation.Group, in spec: TensorSpec, scales: Int) {
    let (count, first) = scales.multipliedReportingOverflow(by: group.size)
    let (bits, second) = count.multipliedReportingOverflow(by: group.bits)
    let (most, third) = count.multipliedReportingOverflow(by: group.bits + 1)
    let (held, fourth) = spec.elementCount.multipliedReportingOverflow(by: spec.dtype.bits)
    // Three bits leave two of thirty-two unused in some methods, never as much as a bit an element.
    guard !(first || second || third || fourth), count > 0, bits <= held, held < most else {
      self.init(
        nil,
        "packed, and \(group.bits) bits in groups of \(group.size), as config.json says, do not fit the scales beside it"
      )
      return
    }
    self.init(count, "\(group.bits) bits an element in groups of \(group.size), as config.json says")
  }
}

extension Inventory {
  /// Whether there are packed weights whose elements a configuration can tell.
  public var asksForGroups: Bool { !groupScales.isEmpty }

  /// Takes bits and groups of packed weights with scales beside them.
  public mutating func declare(_ quantisation: GroupQuantisation) {
    for (place, scales) in groupScales {
      let name = tensors[place].name.text
      let module = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? ""
      guard let group = quantisation.modules[module] ?? quantisation.common else { continue }
      declare(Packing(group, in: tensors[place], scales: tensors[scales].elementCount), of: place)
    }
  }
}
