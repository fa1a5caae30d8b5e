internal import Tensors

/// Bits of an element, and elements with one scale, from a model's configuration: MLX's `quantization`, HQQ's `nbits`.
public struct GroupQuantisation: Hashable, Sendable {
  /// The values of one module, or of all.
  public struct Group: Hashable, Sendable {
    /// Bits of an element, 1 to 8.
    public let bits: Int
    /// Elements that share a scale.
    public let size: Int

    /// Bits and elements; nil for values that no quantiser writes.
    public init?(bits: Int, size: Int) {
      guard (1...8).contains(bits), (1...1 << 20).contains(size) else { return nil }
      self.bits = bits
      self.size = size
    }
  }

  /// The values of modules without their own.
  public let common: Group?
  /// The values of modules with their own, by module name.
  public let modules: [String: Group]

  /// The values of a configuration.
  public init(common: Group?, modules: [String: Group] = [:]) {
    self.common = common
    self.modules = modules
  }
}

extension Packing {
  /// A weight with a scale for each group: it has the elements of all groups, if that fits its containers.
  init(_ group: GroupQuantisation.Group, in spec: TensorSpec, scales: Int) {
    let (count, first) = scales.multipliedReportingOverflow(by: group.size)
    let (bits, second) = count.multipliedReportingOverflow(by: group.bits)
    let (most, third) = count.multipliedReportingOverflow(by: group.bits + 1)
    let (held, fourth) = spec.elementCount.multipliedReportingOverflow(by: spec.dtype.bits)
    // With three bits, some methods leave two of 32 bits unused; never as much as one bit for each element.
    guard !(first || second || third || fourth), count > 0, bits <= held, held < most else {
      self.init(
        nil,
        "packed; \(group.bits) bits in groups of \(group.size), from config.json, do not fit the scales beside it"
      )
      return
    }
    self.init(count, "\(group.bits) bits an element in groups of \(group.size), from config.json")
  }
}

extension Inventory {
  /// Whether there are packed weights whose number of elements a configuration can give.
  public var asksForGroups: Bool { !groupScales.isEmpty }

  /// Applies bits and groups to packed weights with scales beside them.
  public mutating func declare(_ quantisation: GroupQuantisation) {
    for (place, scales) in groupScales {
      let name = tensors[place].name.text
      let module = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? ""
      guard let group = quantisation.modules[module] ?? quantisation.common else { continue }
      declare(Packing(group, in: tensors[place], scales: tensors[scales].elementCount), of: place)
    }
  }
}
