# hm_embed(<file> <header>): NAME.EXT becomes build/embedded_NAME_EXT.c with
# `struct hm_bytes hm_embedded_NAME_EXT(void)`, which <header> declares.
function(hm_embed file header)
    string(REPLACE "." "_" symbol ${file})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n"
           bytes "${bytes}")
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.c.new
"#include \"${header}\"

struct hm_bytes hm_embedded_${symbol}(void)
{
    static const uint8_t text[] = {
${bytes}
    };

    return (struct hm_bytes){text, sizeof(text)};
}
")
    file(COPY_FILE ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.c.new
         ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.c ONLY_IF_DIFFERENT)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()
