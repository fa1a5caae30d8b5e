/// What to do at a defect of the index: stop at the first one, or record it and continue with the next row.
///
/// A reader stops, because no part of a broken index can be trusted. A validator needs every defect, and never uses an
/// index with one.
struct DefectLog {
  private(set) var errors: [CheckpointError] = []
  private let goesOn: Bool

  /// The most defects that are recorded.
  static let limit = 100

  /// - Parameter goesOn: whether to continue after a defect; with false, the first defect is thrown.
  init(goesOn: Bool) { self.goesOn = goesOn }

  /// Records a defect, unless it is already recorded; or throws it.
  mutating func note(_ error: CheckpointError) throws(CheckpointError) {
    guard goesOn, errors.count < Self.limit else { throw error }
    end(error)
  }

  /// Records the error that ended an attempt, unless it is already recorded.
  mutating func end(_ error: CheckpointError) {
    if !errors.contains(error) { errors.append(error) }
  }
}
