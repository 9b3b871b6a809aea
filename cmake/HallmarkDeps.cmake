# The libraries of others, each as one imported target, named in one place.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson>=1.7)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib>=1.2.11)
# The archive and not the shared library: its version decides the bytes of every
# archive that is packed, and only so is it known.
pkg_check_modules(DEFLATE REQUIRED libdeflate>=1.14)
find_library(DEFLATE_ARCHIVE libdeflate.a HINTS ${DEFLATE_LIBDIR} REQUIRED)
add_library(Deflate::Deflate STATIC IMPORTED)
set_target_properties(Deflate::Deflate PROPERTIES
    IMPORTED_LOCATION ${DEFLATE_ARCHIVE}
    INTERFACE_INCLUDE_DIRECTORIES ${DEFLATE_INCLUDEDIR})
pkg_check_modules(GIT2 REQUIRED IMPORTED_TARGET libgit2>=1.5)
pkg_check_modules(P11KIT REQUIRED p11-kit-1>=0.24) # pkcs11.h only, never linked
