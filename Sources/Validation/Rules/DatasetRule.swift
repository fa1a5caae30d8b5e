internal import UnitCheckpoints

/// Every dataset of the index is there, with the type, the length and, while placement holds, the address it gives.
enum DatasetRule: CheckpointRule {
  static let id = RuleID.dataset
  static let isDeep = false

  static func findings(in checkpoint: UnitCheckpoint, progress: (Int) -> Void) -> [Finding] {
    var findings: [Finding] = []
    for number in checkpoint.index.datasets.indices {
      do throws(CheckpointError) { try checkpoint.checkDataset(number) } catch {
        findings.append(finding(checkpoint, at: "/\(checkpoint.datasetPath(number))", error))
      }
    }
    do throws(CheckpointError) {
      for path in try checkpoint.unlistedDatasets() {
        findings.append(
          finding(checkpoint, .warning, at: path, "expected a dataset of the index, found another"))
      }
    } catch { findings.append(finding(checkpoint, at: "/", error)) }
    return findings
  }
}
