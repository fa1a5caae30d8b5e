internal import Accounting
internal import ByteFiles
internal import FlatFormats
internal import HDF5Kit
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// A file to count: its tensors and networks, what it is, and the policy that its plan names.
struct CountSource {
  private(set) var inventory: Inventory
  /// As `inspect` spells it, or `plan`.
  let kind: String
  private let path: String
  private let policy: String?
  /// Whether the path is that of weights in one file: neither a folder, nor an index, nor a checkpoint.
  private var isOneFile = false
  /// Where the tensors' bytes are; nil for a plan.
  private let weights: (any TensorSource)?

  /// What the file holds beside the tensors that are counted.
  var leftOut: LeftOutList { LeftOutList(uncountedItems.map { ($0.name, $0.why) }) }

  private var uncountedItems: [LeftOut] {
    (weights?.leftOut ?? []) + (isOneFile ? [LeftOut(othersOf: path)].compactMap(\.self) : [])
  }

  /// A part of the model that is not counted and that the user has not said may be left out; nil for none.
  func uncounted(_ option: LeaveOutOption) -> LeftOut? {
    uncountedItems.first { $0.fate != .apart && !option.accepts($0) }
  }

  /// The policy that the plan names, else everything stored.
  func plannedPolicy() throws(Failure) -> CountingPolicy {
    do { return try PolicyPreset.policy(named: policy ?? PolicyPreset.allStored.rawValue) } catch {
      throw Failure(sentence: "\(path): the plan's \(error); name one with --policy")
    }
  }

  init(_ path: String, reading: ReadingOptions) throws {
    if try PlanFile.isJSON(path) {
      let plan = try PlanFile.read(path)
      do {
        let specs = try plan.describedTensors
        if specs.isEmpty {
          throw Failure(
            sentence: "\(path): tensors: expected entries with name, dtype and shape to count, found none")
        }
        let resolved = try plan.resolve(against: specs)
        self.init(
          path, Inventory(resolved.partition, resolved.assignment), kind: "plan", policy: plan.policy,
          weights: nil)
        try readGroups()
      } catch let error as PlanError { throw Failure(sentence: "\(path): \(error)") }
      return
    }
    switch try InputFile(path, assumeDType: reading.assumeDType) {
    case .flat(let flat):
      self.init(
        path, Inventory(flat: flat.tensors.map(\.spec), ties: flat.ties, uses: try GraphFile.uses(of: flat)),
        kind: flat.kind.rawValue, policy: nil, weights: flat)
      isOneFile = flat.kind == .safetensors || flat.kind == .pytorch
      try readDeclaredShapes()
      try readGroups()
    case .checkpoint(let checkpoint):
      do {
        let plan = try checkpoint.parsedPlan()
        try self.init(checkpoint, try checkpoint.resolvedPlan(), policy: plan.policy)
      } catch { throw Failure(sentence: "\(error)") }
    }
  }

  /// The networks of a checkpoint whose plan has been read.
  init(_ checkpoint: UnitCheckpoint, _ plan: ResolvedPlan, policy: String?) throws {
    self.init(
      checkpoint.path,
      Inventory(plan.partition, plan.assignment, uses: try GraphFile.uses(of: checkpoint)),
      kind: "unit-checkpoint", policy: policy, weights: checkpoint)
    try readDeclaredShapes()
    try readGroups()
  }

  /// Bytes of a tensor that holds the shape of another: eight extents of eight bytes are more than any has.
  private static let shapeLimit = 64

  /// Reads the shapes that stand beside packed weights, a few bytes each.
  private mutating func readDeclaredShapes() throws(Failure) {
    let wanted = inventory.declaredShapes
    guard let weights, !wanted.isEmpty else { return }
    let places = weights.places
    for (place, name) in wanted.sorted(by: { $0.key < $1.key }) {
      guard let index = places[name] else { continue }
      let spec = weights.tensors[index].spec
      guard spec.dtype == .i64 || spec.dtype == .i32, spec.byteCount <= Self.shapeLimit else { continue }
      let bytes: [UInt8]
      do { bytes = try weights.reader(of: index).rest() } catch { throw Failure(sentence: "\(error)") }
      let width = spec.dtype == .i64 ? 8 : 4
      let extents = stride(from: 0, to: bytes.count, by: width).map { start in
        bytes[start..<start + width].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      }
      // A negative extent is larger than any weight.
      inventory.declare(shape: extents.map { Int(clamping: $0) }, of: place)
    }
  }

  /// Reads bits and groups of packed weights from the model's config.json.
  private mutating func readGroups() throws(Failure) {
    guard inventory.asksForGroups, let configuration = try ModelConfiguration(beside: path) else { return }
    inventory.declare(configuration.groups)
  }

  /// Reads what policies ask for beside names and shapes, once, however many do: the tensors' values, and how many
  /// experts a token is sent to.
  ///
  /// - Parameter expertsPerToken: the number that was given; nil to look for it in the model's config.json.
  mutating func readValues(
    for policies: [CountingPolicy], expertsPerToken: Int? = nil
  ) throws(Failure) {
    inventory.expertsPerToken = expertsPerToken
    if policies.contains(where: { $0.experts == .active }),
      let configuration = try ModelConfiguration(beside: path)
    {
      inventory.declaredExperts = try configuration.experts()
      if expertsPerToken == nil { inventory.expertsPerToken = try configuration.expertsPerToken() }
    }
    guard let weights else { return }
    let densities = Set(policies.map(\.density))
    do {
      if densities.contains(.nonZero) {
        var bar = ProgressBar("reading", total: inventory.tensors.reduce(0) { $0 + $1.byteCount })
        defer { bar.finish() }
        inventory.keep(
          nonZero: try NonZeroCount.blocks(
            of: inventory.tensors, in: weights, placements: inventory.placed
          ) { bar.update($0) })
      }
      if densities.contains(.masked) || densities.contains(.nonZero) {
        let counter = MaskCounter(inventory.placed, in: weights)
        inventory.countMasks { (tensor, masks, ofNonZero) throws(AccountingError) in
          try counter.count(of: tensor, keptBy: masks, ofNonZero: ofNonZero)
        }
      }
    } catch { throw Failure(sentence: "\(error)") }
  }

  private init(
    _ path: String, _ inventory: Inventory, kind: String, policy: String?, weights: (any TensorSource)?
  ) {
    self.weights = weights
    self.path = path
    self.inventory = inventory
    self.kind = kind
    self.policy = policy
  }
}

extension PlanFile {
  /// Whether a file is JSON text: no format of tensors, and its first character opens an object.
  static func isJSON(_ path: String) throws(Failure) -> Bool {
    if FlatFormats.isFolder(path) { return false }
    do {
      let file = try ReadableFile(path: path)
      if try HDF5File.hasSignature(file) || FlatFormats.recognise(file) != nil { return false }
      let head = try file.bytes(at: 0, count: min(256, file.size))
      return head.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
    } catch { throw Failure(sentence: "\(error)") }
  }
}

/// Finds counting policies by name or path.
enum PolicyFile {
  /// The preset of this name, or the policy in the file at this path.
  static func read(_ name: String) throws(Failure) -> CountingPolicy {
    do {
      if PolicyPreset(rawValue: name) != nil { return try PolicyPreset.policy(named: name) }
      // A word without a slash or a dot is more likely a slip in a preset's name than a file.
      if !name.contains("/"), !name.contains("."), FileIdentity(path: name) == nil {
        return try PolicyPreset.policy(named: name)
      }
    } catch { throw Failure(sentence: "\(error)") }
    do {
      let file = try ReadableFile(path: name)
      guard file.size <= CountingPolicy.sizeLimit else {
        throw Failure(
          sentence:
            "\(name): expected a policy of at most \(CountingPolicy.sizeLimit) bytes, found \(file.size)")
      }
      let bytes = try file.bytes(at: 0, count: file.size)
      do { return try CountingPolicy(parsing: bytes) } catch { throw Failure(sentence: "\(name): \(error)") }
    } catch let failure as Failure {
      throw failure
    } catch { throw Failure(sentence: "\(error)") }
  }
}
