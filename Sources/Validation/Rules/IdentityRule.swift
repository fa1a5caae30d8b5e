/// The root's attributes identify the file as a unit checkpoint.
///
/// A file without them is of another kind, unless it has a checkpoint's seal; opening distinguishes the two.
enum IdentityRule: ValidationRule {
  static let summary = "The root's attributes identify the file as a unit checkpoint of layout 2.x."
}
