internal import ArgumentParser
internal import Inference
internal import ONNXGraph
internal import Reporting
internal import Tensors
internal import Tessera
internal import UnitModel

/// The budget of every command that selects levels.
struct BudgetOption: ParsableArguments {
  @Option(
    help: """
      Select the highest level of a task that fits: 1.9M (parameters), 64MB (bytes), 1.5GMAC (multiply-adds), or \
      3ms with --measure. Exit code 2 if none fits.
      """)
  var budget: String?

  func validate() throws { _ = try value() }

  /// The budget; nil without one.
  func value() throws -> Budget? {
    try budget.map { try Budget(parsing: $0, in: Set(Budget.Quantity.allCases), option: "--budget") }
  }

  /// The budget, if its costs follow from the graph; else nil.
  func workBudget() throws -> Budget? {
    guard let value = try value(), value.quantity.isWork else { return nil }
    return value
  }

  /// Throws if --level is given too, or if --measure is missing for a time.
  func check(level: String?, isMeasuring: Bool) throws {
    guard let budget, let value = try value() else { return }
    if level != nil { throw ValidationError("expected either --level or --budget") }
    if value.quantity == .time, !isMeasuring {
      throw ValidationError(
        "--budget \(budget): expected --measure too, which times runs of each level, found none")
    }
  }

  /// Throws if an option that only serves the choice of a level does not fit the budget.
  func check(policy: String?, isMeasuring: Bool) throws {
    let quantity = try value()?.quantity
    if policy != nil, quantity == nil {
      throw ValidationError("--policy needs --budget: the budget is counted under it")
    }
    if policy != nil, quantity?.isWork == true {
      throw ValidationError("--policy is for a --budget in parameters or bytes")
    }
    if isMeasuring, quantity != .time {
      throw ValidationError("--measure is for a --budget in milliseconds, such as 3ms")
    }
  }
}

extension Budget {
  /// Parses the value of an option; the sentence for an invalid one names the option.
  init(
    parsing text: String, in quantities: Set<Quantity> = [.parameters, .bytes], option: String
  ) throws {
    do { try self.init(parsing: text, in: quantities) } catch {
      guard case .badBudget(let found, let expected) = error else {
        throw ValidationError("\(option): \(error)")
      }
      throw ValidationError("\(option): expected \(expected), found '\(found)'")
    }
  }
}

extension BudgetReport {
  /// How a budget of work selected levels.
  init(_ found: BudgetedLevels) {
    let settings = found.work.settings
    self.init(
      budget: found.budget,
      inputs: found.work.inputs.map { .init(name: $0.name, dtype: $0.type.name, shape: $0.shape) },
      levels: found.levels.map {
        .init(task: $0.task, level: $0.level, levelName: $0.levelName, cost: $0.cost)
      },
      measurement: .init(
        backend: settings.backend.rawValue, threads: settings.threads, repeats: settings.repeats))
  }
}
