# The law of the house, enforced while configuring, before any compiler runs:
#   * order:  a dependency must already be declared, so the order of
#     add_subdirectory() calls is the layering and a cycle cannot be written;
#   * realm:  core uses core; verify uses core (slots alone also device); sign
#     uses core; device uses nothing; verify and sign never meet.
# The header of a module that is not a dependency is not found by the compiler,
# because include directories travel with DEPS only.
#
# hm_module(<name> REALM <core|device|verify|sign>
#           HEADERS <files> SOURCES <files> [DEPS <modules>] [USES <targets>])
#     Static library hm_<name>; USES are libraries of others.
#     all_verify_interface_header_sets compiles each header alone.
# hm_tool(<name> REALM <realm> SOURCES <files> DEPS <modules> [USES <targets>])
#     Program <name> in build/PRESET/bin, with its man page beside its main file.
set(HM_REALM_device)
set(HM_REALM_core core)
set(HM_REALM_verify core verify)
set(HM_REALM_sign core sign)
set(HM_MAY_USE_DEVICE slots hallmark-device)

function(hm_check_deps name realm)
    foreach(dep IN LISTS ARGN)
        if(NOT TARGET hm_${dep})
            message(FATAL_ERROR "${name}: dependency '${dep}' is not declared "
                                "before it (layering)")
        endif()
        get_target_property(dep_realm hm_${dep} HM_REALM)
        if(dep_realm STREQUAL "device" AND name IN_LIST HM_MAY_USE_DEVICE)
            continue()
        endif()
        if(NOT dep_realm IN_LIST HM_REALM_${realm})
            message(FATAL_ERROR "${name} (${realm}) must not depend on "
                                "${dep} (${dep_realm})")
        endif()
    endforeach()
endfunction()

function(hm_module name)
    cmake_parse_arguments(M "" "REALM" "HEADERS;SOURCES;DEPS;USES" ${ARGN})
    hm_check_deps(${name} ${M_REALM} ${M_DEPS})
    add_library(hm_${name} STATIC ${M_SOURCES})
    set_target_properties(hm_${name} PROPERTIES HM_REALM ${M_REALM})
    target_sources(hm_${name} PUBLIC FILE_SET HEADERS
                   BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR} FILES ${M_HEADERS})
    list(TRANSFORM M_DEPS PREPEND hm_)
    target_link_libraries(hm_${name} PUBLIC ${M_DEPS} PRIVATE ${M_USES} hm_flags)
endfunction()

function(hm_tool name)
    cmake_parse_arguments(T "" "REALM" "SOURCES;DEPS;USES" ${ARGN})
    hm_check_deps(${name} ${T_REALM} ${T_DEPS})
    add_executable(${name} ${T_SOURCES})
    set_target_properties(${name} PROPERTIES HM_REALM ${T_REALM})
    list(TRANSFORM T_DEPS PREPEND hm_)
    target_link_libraries(${name} PRIVATE ${T_DEPS} ${T_USES} hm_flags)
    install(TARGETS ${name})
    install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/${name}.1
            DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endfunction()
