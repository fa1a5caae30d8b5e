/// The treatment of defects in the index: stop at the first one, or record it and go on with the next row.
///
/// A reader stops, because no part of a broken index can be trusted. A validator needs every defect, and never uses an
/// index that has one.
struct DefectLog {
  private(set) var errors: [CheckpointError] = []
  private let goesOn: Bool

  /// The most defects that are recorded.
  static let limit = 100

  /// - Parameter goesOn: false to throw the first defect.
  init(goesOn: Bool) { self.goesOn = goesOn }

  /// Records a defect, unless it is recorded already, or throws it.
  mutating func note(_ error: CheckpointError) throws(CheckpointError) {
    guard goesOn, errors.count < Self.limit else { throw error }
    end(error)
  }

  /// Records the error that ended an attempt, unless it is recorded already.
  mutating func end(_ error: CheckpointError) {
    if !errors.contains(error) { errors.append(error) }
  }
}
