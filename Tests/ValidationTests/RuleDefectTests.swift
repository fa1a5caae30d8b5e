import FlatFormats
import Testing
import UnitCheckpoints
import Zip

@testable import Validation

@Suite("The defects of the rules")
struct RuleDefectTests {
  @Test("every defect of a checkpoint breaks exactly one rule", arguments: CheckpointDefect.allCases)
  func checkpoints(defect: CheckpointDefect) {
    let rules = RuleID.allCases.filter { $0.rule.defects.contains(defect) }
    #expect(rules.count == 1, "\(rules)")
    #expect(rules.first.map { $0.subjects.contains(.checkpoint) } == true)
    #expect(rules == [RuleID(defect)])
  }

  /// What reading a file does not report: a wrong request, and what a writer refuses.
  static let requests: Set<FlatDefect> = Set(
    ([
      .noSuchTensor, .readPastEnd, .sinkDuplicateName, .sinkTie, .sinkTooMuch, .sinkTooLittle, .sinkDType,
      .sinkTensorCount, .sinkUnreadable, .safetensorsVerbatim, .shardsOverSource, .shardsInTheWay,
      .npyOpaqueWrite,
      .npyHeaderWrite, .npzName, .npzTies, .onnxWrite, .hdf5Write, .kerasWrite, .ggufVerbatim,
      .ggufWrite, .dcpWrite, .flaxWrite, .tensorflowWrite,
    ] as [FlatFormatRule]).map(FlatDefect.format) + [.zip(.readPastEnd)])

  @Test("every defect of a flat file breaks exactly one rule", arguments: FlatDefect.allCases)
  func flatFiles(defect: FlatDefect) {
    let rules = RuleID.allCases.filter { id in
      switch defect {
      case .format(let rule): id.rule.flatDefects.contains(rule)
      case .zip(let rule): id.rule.zipDefects.contains(rule)
      case .graph(let rule): id.rule.graphDefects.contains(rule)
      }
    }
    if defect.isUnsupported || Self.requests.contains(defect) {
      #expect(rules == [], "\(rules)")
    } else {
      #expect(rules == [RuleID(defect)], "\(rules)")
      #expect(rules.first.map { $0.subjects.contains(.flat) } == true)
    }
  }
}
