internal import CLinux
internal import Glibc

/// Lets a library that cannot give up finish its writing into nothing.
package enum DiscardedWrites {
  /// From now on `descriptor` is a file in memory, which is gone when it is closed.
  ///
  /// For small rests only: what is written there takes memory.
  package static func divert(_ descriptor: Int32) {
    // MFD_CLOEXEC of <sys/mman.h>.
    let memory = memfd_create("discarded", 1)
    guard memory >= 0 else { return }
    dup2(memory, descriptor)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    close(memory)
  }
}
