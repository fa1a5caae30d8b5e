internal import Accounting
package import StrictJSON
internal import Studies
internal import Tensors
internal import UnitModel

extension StudyReport {
  /// The report in the form of `schemas/compare.schema.json`.
  package var json: JSONValue {
    let baseline = analysis.study.settings.baseline.map { [("baseline", JSONValue.string($0))] } ?? []
    return object(
      [("format", "tessera.compare/1"), ("title", .string(analysis.study.title))] + baseline + [
        ("alpha", .number(analysis.study.settings.alpha)),
        ("tolerance", .number(analysis.study.settings.tolerance)),
        ("resamples", JSONValue(analysis.study.settings.resamples)),
        ("seed", JSONValue(analysis.study.settings.seed)),
        (
          "policies",
          .array(
            analysis.policies.map {
              object([
                ("id", .string($0.id)), ("version", JSONValue($0.version)),
                ("digest", .string($0.digest.description)),
              ])
            })
        ), ("points", .array(analysis.points.map(json))), ("pairs", .array(analysis.pairs.map(json))),
        (
          "flips",
          .array(
            analysis.flips.map { flip in
              object([
                ("under", .string(analysis.policies[flip.reference].id)),
                ("smaller", JSONValue(flip.smaller)),
                ("larger", JSONValue(flip.larger)),
                ("policies", .array(flip.policies.map { .string(analysis.policies[$0].id) })),
                ("matched", .bool(flip.isMatched)), ("overturns_win", .bool(flip.overturnsWin)),
                ("words", .string(words(flip))),
              ])
            })
        ),
        (
          "without_results",
          .array(analysis.withoutResults.map { .string($0) })
        ),
        (
          "asymmetries",
          .array(
            analysis.asymmetries.map {
              object([("methods", .array($0.methods.map { .string($0) })), ("words", .string($0.sentence))])
            })
        ),
      ])
  }

  private func json(_ point: StudyPoint) -> JSONValue {
    object([
      ("method", .string(point.result.method)), ("task", .string(point.result.task.text)),
      ("level", point.result.level.map { JSONValue($0.value) } ?? .null),
      (
        "parameters",
        object(
          zip(analysis.policies, point.parameters).compactMap { policy, number in
            number.map { (policy.id, JSONValue($0)) }
          })
      ), ("counted", .bool(point.row != nil)),
      ("excluded", point.row.map { JSONValue($0.excluded.value) } ?? .null),
      ("n", JSONValue(point.sample.count)), ("accuracy", .number(point.sample.mean)),
      ("deviation", point.sample.deviation.map { .number($0) } ?? .null),
      ("seed_interval", json(point.seedInterval)), ("test_interval", json(point.testInterval)),
      ("wilson_interval", json(point.wilsonInterval)), ("on_front", .bool(point.isOnFront)),
    ])
  }

  private func json(_ pair: PairComparison) -> JSONValue {
    object([
      ("first", JSONValue(pair.first)), ("second", JSONValue(pair.second)),
      (
        "test",
        pair.test.map { test in
          object([
            ("kind", .string(test.kind.rawValue)), ("difference", .number(test.difference)),
            ("statistic", number(test.statistic)), ("degrees", number(test.degrees)),
            ("p", number(test.pValue)),
            ("interval", json(test.interval)),
          ])
        } ?? .null
      ), ("p_holm", pair.adjusted.map(number) ?? .null),
      ("shared_seeds", .array(pair.sharedSeeds.map { JSONValue($0) })),
      ("unpaired_runs", JSONValue(pair.unpairedRuns)), ("bootstrap", json(pair.bootstrap)),
      ("stochastic_order", pair.stochasticOrder.map { .number($0) } ?? .null),
      ("hedges_g", pair.hedges.map { .number($0) } ?? .null),
      ("cliff_delta", pair.cliff.map { .number($0) } ?? .null), ("cohen_h", .number(pair.cohenH)),
      ("verdict", .string(pair.verdict.rawValue)), ("words", .string(words(pair))),
    ])
  }

  private func json(_ interval: Interval?) -> JSONValue {
    interval.map { .array([number($0.low), number($0.high)]) } ?? .null
  }

  /// A number as JSON; like everywhere in the tool's JSON, NaN and infinities are strings.
  private func number(_ value: Double) -> JSONValue {
    if value.isFinite { return .number(value) }
    return .string(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
  }
}
