internal import Accounting
internal import ByteFiles
internal import FlatFormats
internal import HDF5Kit
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// A file to count: its tensors and networks, what it is, and the policy that its plan names.
struct CountSource {
  let inventory: Inventory
  /// As `inspect` spells it, or `plan`.
  let kind: String
  let policy: String?

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
        self.init(Inventory(resolved.partition, resolved.assignment), kind: "plan", policy: plan.policy)
      } catch let error as PlanError { throw Failure(sentence: "\(path): \(error)") }
      return
    }
    switch try InputFile(path, assumeDType: reading.assumeDType) {
    case .flat(let flat):
      var ties: [TensorName: TensorName] = [:]
      for tensor in flat.tensors { if let tie = tensor.tiedTo { ties[tensor.spec.name] = tie } }
      self.init(Inventory(flat: flat.tensors.map(\.spec), ties: ties), kind: flat.kind.rawValue, policy: nil)
    case .checkpoint(let checkpoint):
      do {
        let plan = try checkpoint.parsedPlan()
        let resolved = try checkpoint.resolvedPlan(of: plan)
        self.init(
          Inventory(resolved.partition, resolved.assignment), kind: "unit-checkpoint", policy: plan.policy)
      } catch { throw Failure(sentence: "\(error)") }
    }
  }

  private init(_ inventory: Inventory, kind: String, policy: String?) {
    self.inventory = inventory
    self.kind = kind
    self.policy = policy
  }
}

extension PlanFile {
  /// Whether a file is JSON text: no format of tensors, and its first character opens an object.
  static func isJSON(_ path: String) throws(Failure) -> Bool {
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
