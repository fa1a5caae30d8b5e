internal import Tensors

/// The number of bits of packed elements and the size of their groups, from a model's configuration: MLX's
/// `quantization`, HQQ's `nbits`. Each group has one scale.
public struct GroupQuantisation: Hashable, Sendable {
  /// Bits and group size of one module, or of all modules.
  public struct Group: Hashable, Sendable {
    /// The bits of one element, from 1 to 8.
    public let bits: Int
    /// The number of elements that share a scale, from 1 to 2^20.
    public let size: Int

    /// Bits and group size; nil if a value is outside its range.
    public init?(bits: Int, size: Int) {
      guard (1...8).contains(bits), (1...1 << 20).contains(size) else { return nil }
      self.bits = bits
      self.size = size
    }
  }

  /// The group of each module that `modules` does not list; nil if the configuration gives none.
  public let common: Group?
  /// Groups of single modules, by module name.
  public let modules: [String: Group]

  /// A configuration with a common group and the modules that differ from it.
  public init(common: Group?, modules: [String: Group] = [:]) {
    self.common = common
    self.modules = modules
  }
}

extension Packing {
  /// The packing of a weight with `scales` groups. Their elements must fit the containers; else the packing is unknown.
  init(_ group: GroupQuantisation.Group, in spec: TensorSpec, scales: Int) {
    let (count, first) = scales.multipliedReportingOverflow(by: group.size)
    let (bits, second) = count.multipliedReportingOverflow(by: group.bits)
    let (most, third) = count.multipliedReportingOverflow(by: group.bits + 1)
    let (held, fourth) = spec.elementCount.multipliedReportingOverflow(by: spec.dtype.bits ?? 0)
    // With three bits, some methods leave two of 32 bits unused. Less than one bit of each element is unused.
    guard !(first || second || third || fourth), count > 0, bits <= held, held < most else {
      self.init(
        nil,
        "packed; \(group.bits) bits in groups of \(group.size), from config.json, do not fit its scales"
      )
      return
    }
    self.init(count, "\(group.bits) bits for each element in groups of \(group.size), from config.json")
  }
}

extension Inventory {
  /// Whether some packed weights need bits and group size from a configuration.
  public var asksForGroups: Bool { !groupScales.isEmpty }

  /// Computes the number of elements of packed weights that have scales, from bits and group size.
  public mutating func declare(_ quantisation: GroupQuantisation) {
    for (place, scales) in groupScales {
      let name = tensors[place].name.text
      let module = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? ""
      guard let group = quantisation.modules[module] ?? quantisation.common else { continue }
      declare(Packing(group, in: tensors[place], scales: tensors[scales].elementCount), of: place)
    }
  }
}
