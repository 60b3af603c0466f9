"""One S3 bucket and the CloudFront distribution in front of it. In: PUT and GET of images. Out: what was put before, or 404."""
import threading

from standin import Reply

IMAGES_MAX = 1000
lock = threading.Lock()
images = {}

MISSING = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'


def bucket(request):
    if request.method == "PUT":
        with lock:
            images[request.path] = request.body
            while len(images) > IMAGES_MAX:
                images.pop(next(iter(images)))
        return Reply(200, {"ETag": '"demo"'})
    return distribution(request)


def distribution(request):
    with lock:
        found = images.get(request.path)
    if found is None:
        return Reply(404, {"Content-Type": "application/xml"}, MISSING)
    return Reply(200, {"Content-Type": "image/png"}, found)


HOSTS = {
    "growbin-images.s3.ap-northeast-2.amazonaws.com": bucket,
    "d3growbinimages.cloudfront.net": distribution,
}
