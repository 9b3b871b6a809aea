# One INTERFACE target carries every flag; modules and tools link it privately.
add_library(hm_flags INTERFACE)

option(HM_WERROR "Warnings are errors" ON)
set(HM_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")

# Nothing here gains from -O3 but the size of frames.
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

target_compile_definitions(hm_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64
    HM_VERSION="${PROJECT_VERSION}")
target_compile_options(hm_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
    -Wcast-qual -Wcast-align -Wwrite-strings -Wpointer-arith -Wvla -Wundef
    -Wformat=2 -Wformat-security -Wnull-dereference -Wimplicit-fallthrough
    -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wredundant-decls -Wfloat-equal
    # a test may keep more on its stack than a program may
    -Wframe-larger-than=$<IF:$<BOOL:$<TARGET_PROPERTY:HM_TEST>>,16384,4096>
    $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches
                           -Wjump-misses-init -Wtrampolines -Walloca>
    $<$<C_COMPILER_ID:Clang>:-Wcomma -Wshorten-64-to-32 -Wassign-enum
                             -Wconditional-uninitialized>
    $<$<BOOL:${HM_WERROR}>:-Werror>
    -fno-common -fno-strict-aliasing -fstack-protector-strong
    -fstack-clash-protection
    $<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>
    $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
target_link_options(hm_flags INTERFACE
    -Wl,--as-needed # a program links what it uses, whatever its rooms can do
    -Wl,-z,relro,-z,now,-z,noexecstack -pie)

if(HM_SANITIZE)
    target_compile_options(hm_flags INTERFACE
        -fsanitize=${HM_SANITIZE} -fno-sanitize-recover=all
        -fno-omit-frame-pointer -g -Wno-frame-larger-than) # red zones
    target_link_options(hm_flags INTERFACE -fsanitize=${HM_SANITIZE})
endif()

option(HM_FUZZ "Build libFuzzer targets" OFF)
if(HM_FUZZ)
    target_compile_options(hm_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
