"""Write those seeds of testdata/fuzz/image that no tool of Debian makes, each as
its specification says.  The others came from mksquashfs 4.5, rauc 1.8, U-Boot's
mkimage 2023.01, dtc 1.6, GNU cpio and tar, Info-ZIP, gzip, xz, zstd, lz4, bzip2,
objcopy, mkfs.cramfs and dpkg-deb, on a tree of two small files and a link.

usage: image_seeds.py DIR
"""

import hashlib
import io
import pathlib
import struct
import sys
import tarfile
import uuid
import zipfile
import zlib

out = pathlib.Path(sys.argv[1])


def raw_crc(data):
    """CRC-32 as flash formats have it: not inverted at the end."""
    return zlib.crc32(data) ^ 0xFFFFFFFF


def save(name, data):
    (out / name).write_bytes(data)


def mcuboot(pad=0):
    body = b"firmware " * 8
    head = struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0x8000, 32, 12, len(body),
                       0, 1, 2, 3, 4, 0)
    protected = struct.pack("<HHHHI", 0x6908, 12, 0x50, 4, 1)
    digest = hashlib.sha256(head + body + protected).digest()
    tlv = struct.pack("<HH", 0x10, 32) + digest
    tlv += struct.pack("<HH", 0x22, 8) + b"\x30\x06\x02\x01\x01\x02\x01\x01"
    data = head + body + protected
    data += struct.pack("<HH", 0x6907, 4 + len(tlv)) + tlv
    if pad:
        magic = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")
        data += b"\xff" * (pad - len(data) - 16) + magic
    return data


def uf2():
    blocks = [struct.pack("<IIIIIIII", 0x0A324655, 0x9E5D5157, 0x2000,
                          0x10000000 + 256 * i, 256, i, 2, 0xE48BFF56)
              + bytes([i]) * 476 + struct.pack("<I", 0x0AB16F30)
              for i in range(2)]
    return b"".join(blocks)


def elf(bits, big):
    order = ">" if big else "<"
    word = "Q" if bits == 64 else "I"
    size = 64 if bits == 64 else 52
    each = 56 if bits == 64 else 32
    section = 64 if bits == 64 else 40
    head = b"\x7fELF" + bytes([bits // 32, 1 + big, 1]) + bytes(9)
    head += struct.pack(f"{order}HHI{word}{word}{word}IHHHHHH", 2,
                        40 if bits == 32 else 183, 1, 0x8000, size, 0, 0,
                        size, each, 1, section, 0, 0)
    return head + bytes(each)


def pe():
    head = bytearray(0x40)
    head[:2] = b"MZ"
    struct.pack_into("<I", head, 60, 0x40)
    body = bytearray(b"PE\0\0" + struct.pack("<HHIIIHH", 0xAA64, 1,
                                             1700000000, 0, 0, 112, 0x22))
    optional = bytearray(112)
    struct.pack_into("<H", optional, 0, 0x20B)
    struct.pack_into("<H", optional, 68, 10)
    return bytes(head + body + optional)


def capsule():
    guid = uuid.UUID("6dcbd5ed-e82d-4c44-bda1-7194199ad92a").bytes_le
    return guid + struct.pack("<III", 28, 0x10000, 44) + bytes(16)


def android_boot(version):
    head = bytearray(4096)
    head[:8] = b"ANDROID!"
    struct.pack_into("<I", head, 40, version)
    struct.pack_into("<I", head, 8, 5)
    if version < 3:
        struct.pack_into("<I", head, 16, 6)
        struct.pack_into("<I", head, 36, 2048)
        head[48:52] = b"name"
        return bytes(head[:2048]) + bytes(4096)
    struct.pack_into("<II", head, 12, 6, 0)
    return bytes(head) + bytes(8192)


def android_sparse():
    head = struct.pack("<IHHHHIIII", 0xED26FF3A, 1, 0, 28, 12, 4096, 3, 2, 0)
    fill = struct.pack("<HHII", 0xCAC2, 0, 2, 16) + b"\xff\xff\xff\xff"
    skip = struct.pack("<HHII", 0xCAC3, 0, 1, 12)
    return head + fill + skip


def android_payload():
    return b"CrAU" + struct.pack(">QQI", 2, 8, 0) + bytes(8)


def gpt():
    entry = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
    entry += uuid.UUID(int=1).bytes_le + struct.pack("<QQQ", 3, 3, 0)
    table = (entry + "root".encode("utf-16-le")).ljust(128, b"\0") + bytes(384)
    head = bytearray(92)
    head[:8] = b"EFI PART"
    struct.pack_into("<IIIIQQQQ", head, 8, 0x10000, 92, 0, 0, 1, 5, 3, 3)
    head[56:72] = uuid.UUID("12345678-1234-5678-9abc-def012345678").bytes_le
    struct.pack_into("<QIII", head, 72, 2, 4, 128, zlib.crc32(table))
    struct.pack_into("<I", head, 16, zlib.crc32(head))
    mbr = bytes(510) + b"\x55\xaa"
    return mbr + bytes(head).ljust(512, b"\0") + table + bytes(512 * 3)


def ext4():
    head = bytearray(1024)
    struct.pack_into("<II", head, 0, 16, 3)
    struct.pack_into("<I", head, 0x30, 1700000000)
    struct.pack_into("<H", head, 0x38, 0xEF53)
    head[0x68:0x78] = uuid.UUID(int=5).bytes
    head[0x78:0x7C] = b"root"
    struct.pack_into("<I", head, 0x108, 1700000000)
    return bytes(1024) + bytes(head) + bytes(1024)


def erofs():
    head = bytearray(128)
    struct.pack_into("<I", head, 0, 0xE0F5E1E2)
    head[12] = 12
    struct.pack_into("<QQII", head, 16, 3, 1700000000, 0, 1)
    head[48:64] = uuid.UUID(int=7).bytes
    head[64:68] = b"root"
    return bytes(1024) + bytes(head).ljust(3072, b"\0")


def ubi():
    head = b"UBI#" + struct.pack(">B3xQIII32x", 1, 5, 64, 128, 0xABCD)
    return (head + struct.pack(">I", raw_crc(head))).ljust(256, b"\xff")


def ubifs():
    body = bytearray(512)
    struct.pack_into("<QIBB", body, 8, 1, 512, 6, 0)
    struct.pack_into("<IIII", body, 32, 2048, 126976, 8, 100)
    body[108:124] = uuid.UUID(int=9).bytes
    struct.pack_into("<I", body, 0, 0x06101831)
    struct.pack_into("<I", body, 4, raw_crc(bytes(body[8:])))
    return bytes(body)


def bsdiff():
    return b"BSDIFF40" + struct.pack("<QQQ", 4, 5, 100) + bytes(12)


def rpm():
    lead = b"\xed\xab\xee\xdb\x03\0\0\0\0\1" + b"name-1-1".ljust(66, b"\0")
    lead += struct.pack(">HH16x", 1, 5)
    magic = b"\x8e\xad\xe8\x01"
    entry = struct.pack(">IIII", 1000, 4, 0, 1) + bytes(4)
    signature = magic + struct.pack(">III", 0, 1, 4) + entry
    return lead + signature.ljust(40, b"\0") + magic + \
        struct.pack(">III", 0, 1, 4) + entry + b"payload"


def dfu():
    data = b"firmware" + struct.pack("<HHHH3sB", 0x0102, 2, 1, 0x100, b"UFD",
                                     16)
    return data + struct.pack("<I", raw_crc(data))


def add(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def mender():
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        add(tar, "version", b'{"format":"mender","version":3}')
        add(tar, "manifest", b"0" * 64 + b"  version\n")
        add(tar, "manifest.sig", b"c2ln")
        add(tar, "header.tar.gz", b"")
        add(tar, "data/0000.tar.gz", b"")
    return to.getvalue()


class Stream:
    """A file that cannot be sought in: sizes come behind the content."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += bytes(data)
        return len(data)

    def flush(self):
        pass


def zip_streamed():
    to = Stream()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("a", (2023, 11, 14, 22, 13, 20)), b"x" * 99)
        with z.open(zipfile.ZipInfo("b"), "w", force_zip64=True) as f:
            f.write(b"yy")
    return to.data


def zip_apk():
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w") as z:
        z.writestr(zipfile.ZipInfo("AndroidManifest.xml"), b"x")
    data = to.getvalue()
    at = data.index(b"PK\1\2")
    block = struct.pack("<Q", 32) + bytes(8) + struct.pack("<Q", 32) + \
        b"APK Sig Block 42"
    end = bytearray(data[at:])
    mark = end.index(b"PK\5\6")
    struct.pack_into("<I", end, mark + 16, at + len(block))
    return data[:at] + block + bytes(end)


save("mcuboot", mcuboot())
save("mcuboot-slot", mcuboot(512))
save("uf2", uf2())
for bits in (32, 64):
    for big in (0, 1):
        save(f"elf{bits}-{'be' if big else 'le'}", elf(bits, big))
save("pe", pe())
save("capsule", capsule())
save("android-boot", android_boot(2))
save("android-boot-4", android_boot(4))
save("android-sparse", android_sparse())
save("android-payload", android_payload())
save("gpt", gpt())
save("erofs", erofs())
save("ext4", ext4())
save("ubi", ubi())
save("ubifs", ubifs())
save("bsdiff", bsdiff())
save("rpm", rpm())
save("dfu", dfu())
save("mender", mender())
save("zip-streamed", zip_streamed())
save("zip-apk", zip_apk())
save("matter", bytes.fromhex("1ef1ee1b") + bytes(12))
