#include "load-pages.h"

#if defined(__linux__)

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace pixcon {
namespace {

/** Only segments that were never writable: the others hold what was relocated. */
void releaseSegment(const dl_phdr_info& library, const ElfW(Phdr) & segment) {
  if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) return;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t start = library.dlpi_addr + segment.p_vaddr;
  const uintptr_t begin = (start + page - 1) / page * page;
  const uintptr_t end = (start + segment.p_filesz) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

int releaseLibrary(dl_phdr_info* library, size_t, void*) {
  if (!std::strstr(library->dlpi_name, "libtensorflow")) return 0;
  // Text that was relocated has changed.
  for (int index = 0; index < library->dlpi_phnum; index++) {
    const ElfW(Phdr)& segment = library->dlpi_phdr[index];
    if (segment.p_type != PT_DYNAMIC) continue;
    auto* entry = reinterpret_cast<const ElfW(Dyn)*>(library->dlpi_addr + segment.p_vaddr);
    for (; entry->d_tag != DT_NULL; entry++) {
      if (entry->d_tag == DT_TEXTREL) return 0;
    }
  }
  for (int index = 0; index < library->dlpi_phnum; index++) releaseSegment(*library, library->dlpi_phdr[index]);
  return 0;
}

}  // namespace

void releaseLoadPages() { dl_iterate_phdr(releaseLibrary, nullptr); }

}  // namespace pixcon

#else

namespace pixcon {

void releaseLoadPages() {}

}  // namespace pixcon

#endif
