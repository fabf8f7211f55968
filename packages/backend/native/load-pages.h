#pragma once

namespace pixcon {

/**
 * Gives back the memory pages of TensorFlow's libraries that only the dynamic linker has read: symbols, relocations and
 * initializers, some 200 MiB of the resident memory. They are files' and unchanged; who needs one again gets it from
 * the system's cache. Does nothing except on Linux.
 */
void releaseLoadPages();

}  // namespace pixcon
