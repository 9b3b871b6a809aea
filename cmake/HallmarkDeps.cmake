# The libraries of others, each as one imported target, named in one place.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson>=1.7)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc>=2.5)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib>=1.2.11)
pkg_check_modules(GIT2 REQUIRED IMPORTED_TARGET libgit2>=1.5)
pkg_check_modules(P11KIT REQUIRED p11-kit-1>=0.24) # pkcs11.h only, never linked
